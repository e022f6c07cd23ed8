// A model's shape and sizes for people: ModelInfo from files, plan and memory plan.
#pragma once

#include "model/plan.h"
#include "sluice/engine.h"
#include "store/model_files.h"

namespace sluice::runtime {

ModelInfo describe(const store::ModelFiles& files, const model::Plan& plan, const MemoryPlan& memory);

}  // namespace sluice::runtime

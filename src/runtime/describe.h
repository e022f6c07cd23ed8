// A model's shape and sizes for people: ModelInfo from files, plan and memory plan.
#pragma once

#include <cstdint>

#include "kernels/kv_rows.h"
#include "model/plan.h"
#include "sluice/engine.h"
#include "store/model_files.h"

namespace sluice::runtime {

// Tokens of the model's vocabulary, as far as that is known without building its tokenizer.
int64_t vocabulary_size(const store::ModelFiles& files, const model::Plan& plan);

// What an engine with these options wants of the model, and the most tokens it guesses ahead in a pass.
model::Wanted wanted_of(const EngineOptions& options);
int32_t drafts_of(const EngineOptions& options);

ModelInfo describe(const store::ModelFiles& files, const model::Plan& plan, const MemoryPlan& memory, kernels::KvFormat kv);

}  // namespace sluice::runtime

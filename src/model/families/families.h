// One function a family; rows of the table in registry.cc.
#pragma once

#include "model/plan.h"

namespace sluice::model {

Status compile_qwen3_5_moe(const store::ModelFiles& files, const Wanted& wanted, Plan& plan);
Status compile_qwen3_next(const store::ModelFiles& files, const Wanted& wanted, Plan& plan);
Status compile_qwen3_moe(const store::ModelFiles& files, const Wanted& wanted, Plan& plan);

}  // namespace sluice::model

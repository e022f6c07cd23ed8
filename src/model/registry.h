// The families this engine runs: one row each. Adding one is a file in families/ and a row in registry.cc.
#pragma once

#include <span>
#include <string_view>

#include "model/plan.h"

namespace sluice::model {

struct Family {
  std::string_view name;             // Hugging Face model_type and ours: "qwen3_5_moe"
  std::string_view gguf_arch;        // general.architecture: "qwen35moe"
  std::string_view hf_types[3];      // model_type values that mean it, empty-terminated
  Status (*compile)(const store::ModelFiles& files, const Wanted& wanted, Plan& plan);
};

std::span<const Family> families();

}  // namespace sluice::model

#include "model/registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/families/families.h"

namespace sluice::model {
namespace {

constexpr Family kFamilies[] = {
    {"qwen3_5_moe", "qwen35moe", {"qwen3_5_moe", "qwen3_5_moe_text", ""}, compile_qwen3_5_moe},
    {"qwen3_next", "qwen3next", {"qwen3_next", "", ""}, compile_qwen3_next},
    {"qwen3_moe", "qwen3moe", {"qwen3_moe", "", ""}, compile_qwen3_moe},
};

std::string known_names() {
  std::string out;
  for (const Family& f : kFamilies) out += fmt::format("{}{} (GGUF {})", out.empty() ? "" : ", ", f.name, f.gguf_arch);
  return out;
}

bool named(const Family& f, const store::ModelFiles& files, std::string_view arch) {
  if (files.container == store::Container::gguf) return f.gguf_arch == arch;
  return !arch.empty() && std::find(std::begin(f.hf_types), std::end(f.hf_types), arch) != std::end(f.hf_types);
}

}  // namespace

std::span<const Family> families() { return kFamilies; }

Result<Plan> compile(const store::ModelFiles& files, const Wanted& wanted) {
  const bool gguf = files.container == store::Container::gguf;
  if (const auto method = files.metadata.text("quantization_config.quant_method"); !gguf && method.ok() && *method != "fp8") {
    return Error{Code::unsupported, fmt::format("{}: quantization_config.quant_method \"{}\" is not supported; BF16, FP8 with block "
                                                "scales and MLX affine work", files.path, *method)};
  }
  const std::string key = gguf ? "general.architecture"
                          : files.metadata.has("text_config.model_type") && !files.metadata.has("model_type") ? "text_config.model_type"
                                                                                                          : "model_type";
  auto arch = files.metadata.text(key);
  if (!arch.ok()) return std::move(arch).error().within(files.path);
  for (const Family& f : kFamilies) {
    if (!named(f, files, *arch)) continue;
    Plan plan;
    plan.family = f.name;
    SLUICE_TRY_VOID(f.compile(files, wanted, plan));
    return plan;
  }
  return Error{Code::unsupported, fmt::format("{}: architecture \"{}\" is not supported; these work: {}", files.path,
                                              *arch, known_names())};
}

}  // namespace sluice::model

// A model's shape and sizes, known without reading its weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/options.h"
#include "sluice/status.h"

namespace sluice {

struct ModelInfo {
  std::string path;
  std::string container;      // "gguf", "safetensors", "safetensors (MLX)", "pack of gguf" ...
  std::string family;         // "qwen3_5_moe"
  int32_t files = 0;
  uint64_t file_bytes = 0;
  int32_t layers = 0, attention_layers = 0, recurrent_layers = 0;
  int32_t draft_layers = 0;   // of the prediction head, where it was asked for (EngineOptions::speculate)
  int32_t hidden = 0, vocab = 0;
  int64_t context = 0;
  int32_t experts = 0, top_k = 0, trained_top_k = 0, expert_width = 0, shared_width = 0;

  // What one class of tensors is made of.
  struct TensorClass {
    std::string name;         // "routed experts", "attention", "embedding" ...
    int64_t tensors = 0, elements = 0;
    uint64_t bytes = 0;
    std::string formats;      // "Q4_K 90%, Q6_K 10%" by bytes
    double bits() const { return elements > 0 ? 8.0 * static_cast<double>(bytes) / static_cast<double>(elements) : 0; }
  };
  std::vector<TensorClass> classes;
  std::vector<std::string> skipped;  // what the files hold and we do not run: "vision: 333 tensors"

  uint64_t trunk_bytes = 0;          // resident, always
  uint64_t expert_bytes = 0;         // all routed experts
  uint64_t record_bytes = 0;         // the largest single expert
  uint64_t read_bytes = 0;           // of one read of an expert, which lies in one or more pieces: the mean, weighted by bytes
  uint64_t expert_bytes_per_token = 0;
  uint64_t state_bytes = 0;          // one session at the context chosen
  std::string kv;                    // how it keeps keys and values: EngineOptions::kv
  uint64_t floor_bytes = 0;          // least memory the model runs in: trunk, state, one token's experts, working buffers
  uint64_t full_bytes = 0;           // everything resident
};

// Errors: as Engine::open, short of reading weights and of the budget.
Result<ModelInfo> inspect(const EngineOptions& options);

}  // namespace sluice

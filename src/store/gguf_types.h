// The tensor types a GGUF file may name: block sizes of all that are known, also of those without a decoder here, so
// that their tensors' places can be checked (docs: qwen3_5_moe.md, section 6).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::store {

struct GgufType {
  uint32_t id;
  std::string_view name;
  int32_t block;  // elements
  int32_t block_bytes;
};

std::span<const GgufType> gguf_types();
const GgufType* gguf_type(uint32_t id);  // nullptr: unknown

}  // namespace sluice::store

#include "store/synth_shape.h"

#include <fmt/format.h>

namespace sluice::store {
namespace {

using enum SynthFamily;

// Values: docs/qwen3_5_moe.md, section 1.2. Tiny ones have widths that are whole blocks of every format.
constexpr SynthShape kShapes[] = {
    {"qwen3.5-35b-a3b",
     qwen3_5_moe,
     2048,
     40,
     16,
     2,
     256,
     64,
     1e7f,
     262144,
     256,
     8,
     512,
     248320,
     248044,
     4,
     16,
     32,
     128,
     4,
     512,
     {11, 11, 10}},
    {"qwen3.5-122b-a10b",
     qwen3_5_moe,
     3072,
     48,
     32,
     2,
     256,
     64,
     1e7f,
     262144,
     256,
     8,
     1024,
     248320,
     248044,
     4,
     16,
     64,
     128,
     4,
     1024,
     {11, 11, 10}},
    {"qwen3.5-397b-a17b",
     qwen3_5_moe,
     4096,
     60,
     32,
     2,
     256,
     64,
     1e7f,
     262144,
     512,
     10,
     1024,
     248320,
     248044,
     4,
     16,
     64,
     128,
     4,
     1024,
     {11, 11, 10}},
    {"qwen3-next-80b-a3b",
     qwen3_next,
     2048,
     48,
     16,
     2,
     256,
     64,
     1e7f,
     262144,
     512,
     10,
     512,
     151936,
     151643,
     4,
     16,
     32,
     128,
     4,
     512},
    {"qwen3-30b-a3b", qwen3_moe, 2048, 48, 32, 4, 128, 128, 1e6f, 40960, 128, 8, 768, 151936, 151643},
    {"qwen3-235b-a22b", qwen3_moe, 4096, 94, 64, 4, 128, 128, 1e6f, 40960, 128, 8, 1536, 151936, 151643},
    {"tiny", qwen3_5_moe, 256, 8, 4, 2, 64, 16, 1e7f, 4096, 16, 4, 256, 1024, 992, 4, 2, 4, 64, 4, 256, {3, 3, 2}},
    {"tiny-next", qwen3_next, 256, 8, 4, 2, 64, 16, 1e7f, 4096, 16, 4, 256, 1024, 992, 4, 2, 4, 64, 4, 256},
    {"tiny-qwen3", qwen3_moe, 256, 4, 4, 2, 64, 64, 1e6f, 4096, 16, 4, 256, 1024, 992},
};

}  // namespace

std::span<const SynthShape> synth_shapes() {
  return kShapes;
}

const SynthShape* synth_shape(std::string_view name) {
  for (const SynthShape& shape : kShapes) {
    if (shape.name == name) return &shape;
  }
  return nullptr;
}

std::string synth_shape_names() {
  std::string out;
  for (const SynthShape& shape : kShapes) out += fmt::format("{}{}", out.empty() ? "" : ", ", shape.name);
  return out;
}

std::string_view gguf_architecture(SynthFamily family) {
  switch (family) {
    case qwen3_5_moe:
      return "qwen35moe";
    case qwen3_next:
      return "qwen3next";
    case qwen3_moe:
      break;
  }
  return "qwen3moe";
}

}  // namespace sluice::store

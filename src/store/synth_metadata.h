// The key-values of a synthetic model: what llama.cpp's and our loader need (docs/qwen3_5_moe.md, section 5.1).
#pragma once

#include <string>
#include <vector>

#include "sluice/status.h"
#include "store/gguf_writer.h"
#include "store/synth_shape.h"

namespace sluice::store {

// The keys of the architecture, for a model of shape.layers layers.
std::vector<KeyValue> synth_architecture(const SynthShape& shape, const SynthFormat& format);

struct SynthVocabulary {
  std::vector<KeyValue> pairs;  // tokenizer.*
  int32_t rows = 0;             // of the embedding
};

// Bytes, words of two to four letters with and without a space in front, Qwen's special tokens at their ids, and
// [PADn] up to the shape's size.
SynthVocabulary generated_vocabulary(const SynthShape& shape);

// The tokenizer of a GGUF file, with [PADn] up to the shape's size, or as large as it is where that is more.
// Errors: as open_model; not_found (a file without tokenizer), corrupt, unsupported (tokens that are not in one list).
Result<SynthVocabulary> copied_vocabulary(const SynthShape& shape, const std::string& path);

}  // namespace sluice::store

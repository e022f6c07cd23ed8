// The header of a GGUF file, version 3: what comes before the weights, and where each of them goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quant/format.h"
#include "store/model_files.h"

namespace sluice::store {

struct KeyValue {
  std::string key;
  Metadata::Value value;
};

// The place of a tensor, from the start of the file.
struct GgufPlace {
  uint64_t offset, bytes;
};

class GgufHeader {
 public:
  // Integers become u32 where they fit, else i64; numbers f32; lists of integers i32, of numbers f32.
  void add(const KeyValue& pair);

  // Tensors stand in the file in the order they are added. `ne`: fastest dimension first, ne[0] a multiple of the
  // format's block. REQUIRES: the format is one of GGUF's.
  void add_tensor(std::string_view name, quant::FormatId format, const std::vector<int64_t>& ne);

  std::string bytes() const;              // with the padding up to the first tensor
  std::vector<GgufPlace> places() const;  // one a tensor, in order
  uint64_t file_bytes() const;            // the whole file, padding at its end included

 private:
  std::string pairs_, infos_;
  uint64_t pair_count_ = 0;
  uint64_t data_bytes_ = 0;
  std::vector<GgufPlace> places_;  // from the start of the data
};

}  // namespace sluice::store

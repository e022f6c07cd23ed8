// safetensors: one file, a folder with model.safetensors, a folder with model.safetensors.index.json and shards, or a
// folder with several *.safetensors and no index. Quantised triples and pairs become one Tensor (mlx.h, fp8.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"
#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

class Places;

// A tensor as the header lists it.
struct RawTensor {
  std::string name;
  std::string dtype;  // "BF16"
  std::vector<int64_t> shape;
  Extent extent;
  bool taken = false;  // already part of a Tensor
};

// All raw tensors of a model, found by name.
class RawTable {
 public:
  // Errors: corrupt, when a name comes twice.
  static Result<RawTable> make(std::string_view path, std::vector<RawTensor> tensors);

  std::vector<RawTensor>& all() { return tensors_; }  // sorted by name
  RawTensor* find(std::string_view name);             // nullptr: absent

 private:
  std::vector<RawTensor> tensors_;
};

struct SafetensorsPart {
  std::vector<RawTensor> tensors;
  std::string format;  // __metadata__.format: "pt", "mlx"; empty where absent
};

// The header of one file; extents name file `file_index`. Errors: corrupt, io; "PATH: byte N: what".
Result<SafetensorsPart> read_safetensors(const io::File& file, int32_t file_index);

// Bytes of an element, 0: a dtype that is unknown or has no whole bytes.
uint64_t dtype_bytes(std::string_view dtype);
quant::ScaleType scale_type_of(std::string_view dtype);  // none: no float that scales may have

// Joins quantised triples and pairs, then takes every other raw tensor as it is. Sorted by name.
// Errors: corrupt, naming the tensor.
Result<std::vector<Tensor>> assemble(RawTable& raw, const Metadata& config);

// Shards that an index names and that are not beside it come from the further places.
// Errors: as read_safetensors; not_found names a missing shard or config.json.
Result<ModelFiles> open_safetensors(const std::string& path, const Places& places);

}  // namespace sluice::store

// A model as it stands on disk, whatever the container: metadata, and an index of logical tensors over one or more
// files.
//
// Readers (gguf, safetensors, pack) fill it; everything above is blind to which one did. Nothing of the weights is read
// here. All counts and offsets are checked against the file sizes on opening: a Tensor's parts lie inside their files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "io/file.h"
#include "quant/format.h"
#include "sluice/status.h"

namespace sluice::store {

// GGUF key-values as they are; config.json flattened with dots ("text_config.rope_parameters.rope_theta"; arrays of
// scalars become lists; arrays of objects and empty objects are left out; null is left out), generation_config.json
// likewise with "generation." in front. Unsigned values past int64 are doubles; an empty JSON list is one of integers.
class Metadata {
 public:
  using Value = std::variant<bool, int64_t, double, std::string, std::vector<bool>, std::vector<int64_t>,
                             std::vector<double>, std::vector<std::string>>;

  void set(std::string key, Value value) { values_.insert_or_assign(std::move(key), std::move(value)); }
  const Value* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  const std::map<std::string, Value, std::less<>>& all() const { return values_; }

  // Errors: not_found (names the key), corrupt (another type than asked; an integer serves where a double is asked).
  Result<int64_t> integer(std::string_view key) const;
  Result<double> real(std::string_view key) const;
  Result<std::string> text(std::string_view key) const;
  // The default where the key is absent; an error where it has another type.
  Result<int64_t> integer_or(std::string_view key, int64_t fallback) const;
  Result<double> real_or(std::string_view key, double fallback) const;
  Result<bool> boolean_or(std::string_view key, bool fallback) const;
  Result<std::string> text_or(std::string_view key, std::string fallback) const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

// Bytes of one file, contiguous unless `stride` says otherwise. Empty (bytes == 0) where a tensor has no such part.
struct Extent {
  int32_t file = 0;  // index into ModelFiles::files
  uint64_t offset = 0;
  uint64_t bytes = 0;
  // A stack of experts in a pack: bytes from the beginning of one slice of the first dimension to that of the next. 0:
  // they follow each other. slice_expert and load_matrix know it; a slice has none.
  uint64_t stride = 0;
};

// A logical tensor: row-major, outermost dimension first ([experts, rows, cols] for stacked experts, whatever order the
// file writes its dimensions in). For MLX and FP8 the three (two) file tensors are one Tensor named after the weight.
struct Tensor {
  std::string name;  // as in the file, e.g. "blk.0.attn_q.weight"
  quant::FormatId format = quant::FormatId::f32;
  bool format_known = true;    // false: a type we do not read; only an error when the tensor is needed
  std::string format_name;     // for messages and inspect: "Q4_K", "type 35"
  std::vector<int64_t> shape;  // logical elements (MLX: unpacked)
  Extent data, scales, biases;
  quant::ScaleType scale_type = quant::ScaleType::none;
  int32_t group = 0;
  int32_t group_rows = 1;

  uint64_t bytes() const { return data.bytes + scales.bytes + biases.bytes; }
  int64_t elements() const;
};

enum class Container { gguf, safetensors };

struct ModelFiles {
  std::string path;  // as the user named it
  Container container = Container::gguf;     // of a pack: what it was made from
  bool mlx = false;                          // safetensors written by mlx-lm (names, folded norms)
  bool packed = false;                       // files are those of a pack (docs/pack.md)
  Metadata metadata;                         // GGUF key-values or flattened config.json
  std::vector<io::File> files;               // those of the tensors, then copies of them from further places
  int32_t parts = 0;                         // how many of files the tensors lie in; no extent names a copy
  std::vector<std::vector<int32_t>> copies;  // [file] the indices of all that hold the same bytes, itself first
  std::vector<Tensor> tensors;               // sorted by name

  const Tensor* find(std::string_view name) const;
};

// Opens a .gguf (any part of a split: the others are found beside it), a folder with safetensors and config.json, a
// pack (docs/pack.md), a single .safetensors file (config.json beside it; a shard that an index lists opens all), or a folder with one GGUF.
// Errors: one line with file and place: not_found, corrupt, unsupported, io; invalid
// (a folder with several GGUF models).
Result<ModelFiles> open_model(const std::string& path);

// The same with further places (store/places.h): folders, or files. They give what is missing of a split or of an
// index's shards, and copies of files. Errors: those above; not_found (no such place); invalid, naming a place that
// gives nothing, or a file that has the name of one of the model's and is no copy of it.
Result<ModelFiles> open_model(const std::string& path, std::span<const std::string> more);

}  // namespace sluice::store

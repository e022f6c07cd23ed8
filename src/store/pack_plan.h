// What a pack of a model will look like, before a byte is copied.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "store/model_files.h"
#include "store/pack_index.h"

namespace sluice::store {

struct PackLayout {
  std::string_view name, about;
  bool one_file;  // all layers' records in one file
};
std::span<const PackLayout> pack_layouts();  // the first is the default
std::string pack_layout_names();             // "record, single"

// The experts of one layer: expert e is the extents [e * parts, (e + 1) * parts), in the order of the record.
struct PackLayer {
  int32_t layer = 0;
  int32_t parts = 0;
  std::span<const Extent> extents;
};

// Bytes of the model's files that go to offset `to` of a file of the pack.
struct PackMove {
  uint64_t to = 0;
  int32_t file = 0;  // index into ModelFiles::files
  uint64_t from = 0;
  uint64_t bytes = 0;
};

struct PackPlan {
  PackIndex index;                           // without sums of pieces
  std::vector<std::vector<PackMove>> moves;  // one list a file of the index, by `to`; what lies between is zero
  std::vector<std::string> copies;           // the contents of index.copies
};

// Errors: invalid (unknown layout: names those there are), unsupported (a model that is a pack already, experts that
// are no slices of its tensors), io, and those of reading the tokenizer's files.
Result<PackPlan> plan_pack(const ModelFiles& model, std::span<const PackLayer> layers, std::string_view layout);

}  // namespace sluice::store

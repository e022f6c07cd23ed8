// GGUF version 2 and 3, little-endian, single or split. Only headers are read, in large pieces.
//
// Metadata keeps scalars and arrays of scalars; an unsigned value past int64 becomes a number; arrays of arrays are
// checked and left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/file.h"
#include "sluice/status.h"
#include "store/byte_cursor.h"
#include "store/model_files.h"

namespace sluice::store {

class Places;

struct GgufPart {
  Metadata metadata;
  std::vector<Tensor> tensors;  // in file order
};

// The header of one file; its tensors' extents name file `file_index`.
// Errors: corrupt, unsupported, io; "PATH: offset N: what".
Result<GgufPart> read_gguf(const io::File& file, int32_t file_index);

// What a file begins with, up to the end of its key-values: whatever follows is not looked at.
struct GgufKeyValues {
  Metadata metadata;
  uint64_t bytes = 0;
};
// Errors: as read_gguf.
Result<GgufKeyValues> read_gguf_key_values(const io::File& file);

// The key-values at the cursor. Errors: as read_gguf.
Result<Metadata> read_gguf_metadata(ByteCursor& cursor, uint64_t count);

// "PREFIX-00002-of-00009.gguf" taken apart: number is 1-based.
struct SplitName {
  std::string prefix;
  int64_t number = 0;
  int64_t count = 0;

  std::string part(int64_t i) const;  // the path of part i, 1-based
};
std::optional<SplitName> split_name(const std::string& path);

// Opens a file or, given any part of a split, all parts, those that are not beside it from the further places.
// Errors: as read_gguf; not_found names a missing part.
Result<ModelFiles> open_gguf(const std::string& path, const Places& places);

}  // namespace sluice::store

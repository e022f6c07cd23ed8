// The index of a pack: which files it has, in which pieces with which checksums, and where every tensor lies. The bytes
// are in docs/pack.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"
#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

inline constexpr int kPackVersion = 1;
inline constexpr std::string_view kPackScaleNames[] = {"none", "f32", "f16", "bf16"};  // by quant::ScaleType

inline constexpr uint64_t kRecordAlignment = 4096;  // of records in their files, and of the files' sizes

inline constexpr std::string_view kPackIndexName = "pack.index";        // there: the pack is whole
inline constexpr std::string_view kPackPlanName = "pack.plan";          // there alone: the pack is not finished
inline constexpr std::string_view kGgufMetadataName = "gguf-metadata";  // the key-values of a GGUF origin

// A run of pieces of one size (the last may be shorter) in a file. A piece has one checksum: an expert's record, or
// some bytes of the trunk.
struct PackSection {
  int32_t layer = -1;  // whose experts the pieces are, in order; -1: the trunk
  uint64_t bytes = 0;
  uint64_t piece = 0;

  uint64_t pieces() const { return bytes / piece + (bytes % piece != 0); }
};

struct PackFile {
  std::string name;
  uint64_t bytes = 0;
  std::vector<PackSection> sections;  // one after the other, together the whole file
  std::vector<uint64_t> sums;         // one a piece; empty in a plan
};

// A small file that is copied as it is.
struct PackCopyOf {
  std::string name;
  uint64_t bytes = 0;
  uint64_t sum = 0;
};

// A file of the model the pack was made from.
struct PackSource {
  std::string name;
  uint64_t bytes = 0;
  int64_t modified = 0;  // nanoseconds since 1970
};

struct PackIndex {
  std::string layout;  // a name of pack_layouts()
  Container container = Container::gguf;
  bool mlx = false;
  std::vector<PackSource> sources;
  std::vector<PackCopyOf> copies;
  std::vector<PackFile> files;
  std::vector<Tensor> tensors;  // sorted by name
};

// The index as its file holds it: a line with version and checksum, and a line of JSON.
std::string index_text(const PackIndex& index);

// That first line, for the rest.
std::string index_head(std::string_view body);

// `where` stands in front of errors: the index's path. Everything is checked that needs no look at other files: names,
// pieces, sums (there must be all, or none in any file), and that every tensor lies inside its file.
// Errors: corrupt, unsupported (another version).
Result<PackIndex> parse_index(std::string_view text, std::string_view where);
// The second line alone.
Result<PackIndex> parse_index_body(std::string_view json, std::string_view where);

// The pack in `folder`. Errors: as parse_index; io; corrupt, also where a file has another size than the index says.
Result<PackIndex> read_pack_index(const std::string& folder);

// One piece of a pack.
struct PackPiece {
  size_t file = 0;
  uint64_t offset = 0, bytes = 0;
  int32_t layer = -1;
  uint64_t number = 0;  // in its section: the expert
};
// All pieces in order, as sums counts them.
std::vector<PackPiece> pack_pieces(const PackIndex& index);

}  // namespace sluice::store

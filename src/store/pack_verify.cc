#include <fmt/format.h>

#include <utility>

#include "store/checksum.h"
#include "store/names.h"
#include "store/pack.h"
#include "store/pack_chunks.h"
#include "store/pack_index.h"

namespace sluice::store {
namespace {

constexpr uint64_t kLargestCopy = uint64_t{256} << 20;

Status verify_copy(const std::string& folder, const PackCopyOf& copy) {
  SLUICE_TRY(const std::string content, io::read_text(folder + "/" + copy.name, kLargestCopy));
  if (checksum(std::as_bytes(std::span(content))) == copy.sum) return {};
  return Error{Code::corrupt,
               fmt::format("{}/{}: does not have its checksum; remove the pack and make it again", folder, copy.name)};
}

Error bad_piece(const std::string& path, const PackPiece& piece) {
  const std::string what =
      piece.layer < 0 ? std::string("the trunk") : fmt::format("layer {} expert {}", piece.layer, piece.number);
  return {Code::corrupt,
          fmt::format("{}: {}: the {} bytes at offset {} do not have their checksum; remove the pack and make it again",
                      path, what, piece.bytes, piece.offset)};
}

}  // namespace

Result<uint64_t> verify_pack(const std::string& folder, const PackWatch& watch) {
  if (!is_pack(folder)) return Error{Code::not_found, fmt::format("{}: no pack", folder)};
  SLUICE_TRY_VOID(open_pack(folder));
  SLUICE_TRY(const PackIndex index, read_pack_index(folder));
  uint64_t copied = 0, total = 0;
  for (const PackCopyOf& copy : index.copies) {
    SLUICE_TRY_VOID(verify_copy(folder, copy));
    copied += copy.bytes;
  }
  std::vector<io::File> files;
  std::vector<uint64_t> sums;
  for (const PackFile& file : index.files) {
    SLUICE_TRY(io::File opened, open_for_checking(folder + "/" + file.name));
    files.push_back(std::move(opened));
    sums.insert(sums.end(), file.sums.begin(), file.sums.end());
    total += file.bytes;
  }
  const std::vector<PackPiece> pieces = pack_pieces(index);
  const std::vector<PackChunk> chunks = pack_chunks(pieces);
  SLUICE_TRY_VOID(
      walk_chunks(chunks, watch, 0, total, [&](const PackChunk& chunk, size_t, std::span<std::byte> room) -> Status {
        const io::File& file = files[chunk.file()];
        SLUICE_TRY(const size_t good, good_pieces(file, chunk, std::span(sums).subspan(chunk.first), room));
        if (good == chunk.pieces.size()) return {};
        return bad_piece(file.path(), chunk.pieces[good]);
      }));
  return copied + total;
}

}  // namespace sluice::store

#include "store/pack_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <vector>

namespace sluice::store {
namespace {

constexpr size_t kMostVectors = 256;  // every system takes as many

struct Piece {
  int32_t file;
  uint64_t from;
  std::span<std::byte> to;

  uint64_t end() const { return from + to.size(); }
};

std::vector<Piece> pieces_of(std::span<const PackMove> moves, uint64_t begin, std::span<std::byte> room) {
  const uint64_t end = begin + room.size();
  std::vector<Piece> out;
  auto move =
      std::partition_point(moves.begin(), moves.end(), [&](const PackMove& m) { return m.to + m.bytes <= begin; });
  for (; move != moves.end() && move->to < end; ++move) {
    const uint64_t from = std::max(move->to, begin), to = std::min(move->to + move->bytes, end);
    out.push_back({move->file, move->from + (from - move->to), room.subspan(from - begin, to - from)});
  }
  std::sort(out.begin(), out.end(),
            [](const Piece& a, const Piece& b) { return std::tie(a.file, a.from) < std::tie(b.file, b.from); });
  return out;
}

// One run of the source into several places.
Status scatter(const io::File& file, std::span<const Piece> run) {
  std::vector<iovec> vectors;
  for (const Piece& piece : run) vectors.push_back({piece.to.data(), piece.to.size()});
  uint64_t at = run.front().from;
  for (size_t next = 0; next < vectors.size();) {
    const ssize_t count =
        ::preadv(file.fd(), &vectors[next], static_cast<int>(std::min(vectors.size() - next, kMostVectors)),
                 static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return Error{Code::io, fmt::format("{}: read at offset {} failed: {}", file.path(), at,
                                         count < 0 ? strerror(errno) : "the file ends there")};
    }
    at += static_cast<uint64_t>(count);
    for (auto left = static_cast<size_t>(count); left > 0;) {
      iovec& v = vectors[next];
      const size_t n = std::min(left, v.iov_len);
      v.iov_base = static_cast<std::byte*>(v.iov_base) + n;
      v.iov_len -= n;
      left -= n;
      if (v.iov_len == 0) ++next;
    }
  }
  return {};
}

void advise([[maybe_unused]] const io::File& file, [[maybe_unused]] std::span<const Piece> run,
            [[maybe_unused]] bool wanted) {
#ifdef POSIX_FADV_DONTNEED
  const uint64_t begin = run.front().from;
  ::posix_fadvise(file.fd(), static_cast<off_t>(begin), static_cast<off_t>(run.back().end() - begin),
                  wanted ? POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED);
#endif
}

}  // namespace

Status fill_chunk(const ModelFiles& model, std::span<const PackMove> moves, uint64_t begin, std::span<std::byte> room) {
  std::memset(room.data(), 0, room.size());
  const std::vector<Piece> pieces = pieces_of(moves, begin, room);
  std::vector<std::span<const Piece>> runs;
  for (size_t first = 0, i = 0; i < pieces.size(); ++i) {
    const bool last =
        i + 1 == pieces.size() || pieces[i + 1].file != pieces[i].file || pieces[i + 1].from != pieces[i].end();
    if (!last) continue;
    runs.push_back(std::span(pieces).subspan(first, i + 1 - first));
    first = i + 1;
  }
  const auto file_of = [&](std::span<const Piece> run) -> const io::File& {
    return model.files[static_cast<size_t>(run.front().file)];
  };
  for (const auto& run : runs) advise(file_of(run), run, true);  // the drive reads all of them while we take the first
  for (const auto& run : runs) {
    SLUICE_TRY_VOID(scatter(file_of(run), run));
    advise(file_of(run), run, false);
  }
  return {};
}

}  // namespace sluice::store

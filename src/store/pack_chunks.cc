#include "store/pack_chunks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "store/checksum.h"
#include "store/direct_file.h"

namespace sluice::store {
namespace {

constexpr uint64_t kChunkBytes = uint64_t{8} << 20;
constexpr uint64_t kMostMemory = uint64_t{64} << 20;
constexpr uint64_t kMostThreads = 3;  // one reads, one writes, one waits for neither

struct Unaligned {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{kDirectAlignment}); }
};
using Room = std::unique_ptr<std::byte[], Unaligned>;

Room room_for(uint64_t bytes) {
  return Room(static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{kDirectAlignment})));
}

class Walk {
 public:
  Walk(std::span<const PackChunk> chunks, const PackWatch& watch, uint64_t done, uint64_t total, const PackJob& job)
      : chunks_(chunks), watch_(watch), total_(total), job_(job), done_(done) {
    for (const PackChunk& chunk : chunks) largest_ = std::max(largest_, chunk.bytes);
  }

  Status run() {
    if (chunks_.empty()) return {};
    std::vector<std::jthread> others;
    for (uint64_t i = 1; i < std::min({kMostThreads, kMostMemory / largest_, uint64_t{chunks_.size()}}); ++i) {
      others.emplace_back([this] { take_chunks(false); });
    }
    take_chunks(true);
    others.clear();  // joins
    const std::lock_guard lock(mutex_);
    return std::move(status_);
  }

 private:
  void take_chunks(bool reports) {
    const Room room = room_for(largest_);
    while (!stop_.load(std::memory_order_relaxed)) {
      const size_t number = next_.fetch_add(1, std::memory_order_relaxed);
      if (number >= chunks_.size()) return;
      const PackChunk& chunk = chunks_[number];
      if (watch_.cancel != nullptr && watch_.cancel->load()) return fail(number, {Code::cancelled, "stopped"});
      Status status = job_(chunk, number, std::span(room.get(), chunk.bytes));
      if (!status.ok()) return fail(number, std::move(status).error());
      const uint64_t done = done_.fetch_add(chunk.bytes, std::memory_order_relaxed) + chunk.bytes;
      if (reports && watch_.progress) watch_.progress(done, total_);
    }
  }

  void fail(size_t number, Error error) {
    const std::lock_guard lock(mutex_);
    if (number < failed_) status_ = std::move(error), failed_ = number;
    stop_ = true;
  }

  std::span<const PackChunk> chunks_;
  const PackWatch& watch_;
  uint64_t total_, largest_ = 1;
  const PackJob& job_;
  std::atomic<uint64_t> done_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  size_t failed_ = std::numeric_limits<size_t>::max();
  Status status_;
};

// All of `out`, which lies as a direct read asks for it.
Status read_aligned(const io::File& file, uint64_t offset, std::span<std::byte> out) {
  for (size_t done = 0; done < out.size();) {
    const ssize_t n = ::pread(file.fd(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return Error{Code::io, fmt::format("{}: read at offset {} failed: {}", file.path(), offset + done,
                                         n < 0 ? strerror(errno) : "the file ends there")};
    }
    done += static_cast<size_t>(n);
  }
  return {};
}

}  // namespace

std::vector<PackChunk> pack_chunks(std::span<const PackPiece> pieces) {
  std::vector<PackChunk> out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const PackPiece& piece = pieces[i];
    if (piece.number == 0 || out.back().bytes + piece.bytes > kChunkBytes) out.push_back({pieces.subspan(i, 0), i, 0});
    PackChunk& chunk = out.back();
    chunk.pieces = pieces.subspan(chunk.first, i + 1 - chunk.first);
    chunk.bytes += piece.bytes;
  }
  return out;
}

Status walk_chunks(std::span<const PackChunk> chunks, const PackWatch& watch, uint64_t done, uint64_t total,
                   const PackJob& job) {
  return Walk(chunks, watch, done, total, job).run();
}

Result<size_t> good_pieces(const io::File& file, const PackChunk& chunk, std::span<const uint64_t> sums,
                           std::span<std::byte> room) {
  SLUICE_TRY_VOID(read_aligned(file, chunk.offset(), room));
#ifdef POSIX_FADV_DONTNEED
  if (file.alignment() == 1) {
    ::posix_fadvise(file.fd(), static_cast<off_t>(chunk.offset()), static_cast<off_t>(room.size()),
                    POSIX_FADV_DONTNEED);
  }
#endif
  for (size_t i = 0; i < chunk.pieces.size(); ++i) {
    const PackPiece& piece = chunk.pieces[i];
    if (checksum(room.subspan(piece.offset - chunk.offset(), piece.bytes)) != sums[i]) return i;
  }
  return chunk.pieces.size();
}

Result<io::File> open_for_checking(const std::string& path) {
  auto file = io::File::open(path, io::Mode::direct);
  if (file.ok() && file->alignment() <= kDirectAlignment) return file;
  return io::File::open(path);
}

}  // namespace sluice::store

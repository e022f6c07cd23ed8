#include "store/synth_write.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::store {
namespace {

constexpr size_t kChunkBytes = size_t{8} << 20;
constexpr int32_t kMostThreads = 64;

struct Unaligned {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{kDirectAlignment}); }
};
using ChunkBuffer = std::unique_ptr<std::byte[], Unaligned>;

ChunkBuffer chunk_buffer() {
  return ChunkBuffer(static_cast<std::byte*>(::operator new[](kChunkBytes, std::align_val_t{kDirectAlignment})));
}

// A part of the file while it is put together, front to back.
class Chunk {
 public:
  Chunk(std::byte* bytes, uint64_t begin, uint64_t end) : bytes_(bytes), begin_(begin), at_(begin), end_(end) {}

  void add(const SynthPiece& piece, uint64_t seed, std::vector<std::byte>& scratch) {
    SynthRandom random(seed, piece.tensor, piece.number);
    if (piece.offset >= begin_ && piece.offset + piece.bytes <= end_) {
      zero_up_to(piece.offset);
      piece.filler->rows(random, piece.rows, bytes_ + (piece.offset - begin_));
      at_ = piece.offset + piece.bytes;
      return;
    }
    scratch.resize(piece.bytes);
    piece.filler->rows(random, piece.rows, scratch.data());
    add(piece.offset, scratch);
  }

  // The part of `bytes`, which stand at `offset` in the file, that lies in the chunk.
  void add(uint64_t offset, std::span<const std::byte> bytes) {
    const uint64_t from = std::max(offset, begin_), to = std::min(offset + bytes.size(), end_);
    if (from >= to) return;
    zero_up_to(from);
    std::memcpy(bytes_ + (from - begin_), bytes.data() + (from - offset), to - from);
    at_ = to;
  }

  std::span<const std::byte> finish() {
    zero_up_to(end_);
    return {bytes_, end_ - begin_};
  }

 private:
  void zero_up_to(uint64_t offset) {
    std::memset(bytes_ + (at_ - begin_), 0, offset - at_);
    at_ = offset;
  }

  std::byte* bytes_;
  uint64_t begin_, at_, end_;
};

// Threads take chunks in file order until there are none, one fails or the caller has had enough. A piece across the
// end of a chunk is made twice: pieces are small against chunks.
class Writing {
 public:
  Writing(const SynthWrite& work, AtomicFile& file) : work_(work), file_(file) {}

  Status run() {
    std::vector<std::jthread> others;
    for (int32_t i = 1; i < std::min(work_.threads, kMostThreads); ++i) {
      others.emplace_back([this] { take_chunks(false); });
    }
    take_chunks(true);
    others.clear();  // joins
    const std::lock_guard lock(mutex_);
    return std::move(status_);
  }

 private:
  void take_chunks(bool reports) {
    const ChunkBuffer buffer = chunk_buffer();
    std::vector<std::byte> scratch;
    while (!stop_.load(std::memory_order_relaxed)) {
      const uint64_t begin = next_.fetch_add(1, std::memory_order_relaxed) * kChunkBytes;
      if (begin >= work_.bytes) return;
      const std::span<const std::byte> chunk = make(begin, buffer.get(), scratch);
      Status written = file_.write(begin, chunk);
      if (!written.ok()) return fail(std::move(written).error());
      const uint64_t done = done_.fetch_add(chunk.size(), std::memory_order_relaxed) + chunk.size();
      if (reports && work_.progress) work_.progress(done, work_.bytes);
      if (work_.cancel != nullptr && work_.cancel->load()) return fail({Code::cancelled, "stopped: nothing was kept"});
    }
  }

  std::span<const std::byte> make(uint64_t begin, std::byte* buffer, std::vector<std::byte>& scratch) {
    const uint64_t end = std::min<uint64_t>(begin + kChunkBytes, work_.bytes);
    Chunk chunk(buffer, begin, end);
    chunk.add(0, std::as_bytes(std::span(work_.header)));
    auto piece = std::partition_point(work_.pieces.begin(), work_.pieces.end(),
                                      [&](const SynthPiece& p) { return p.offset + p.bytes <= begin; });
    for (; piece != work_.pieces.end() && piece->offset < end; ++piece) chunk.add(*piece, work_.seed, scratch);
    return chunk.finish();
  }

  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = std::move(error);
    stop_ = true;
  }

  const SynthWrite& work_;
  AtomicFile& file_;
  std::atomic<uint64_t> next_ = 0, done_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  Status status_;
};

}  // namespace

Status write_pieces(const SynthWrite& work, AtomicFile& file) {
  return Writing(work, file).run();
}

}  // namespace sluice::store

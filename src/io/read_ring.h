// An io_uring that only reads, without its header: what the queue above it (io/uring.cc) needs of the kernel's
// interface.
//
// Threads: prepare and flush exclude each other; landed and sleep belong to one thread. REQUIRES of both sides: at most
// `depth` reads are prepared and not yet landed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

struct io_uring;

namespace sluice::io {

class ReadRing {
 public:
  struct Landed {
    size_t tag;
    int32_t result;  // bytes that came, or minus an errno
  };

  ReadRing();
  ReadRing(const ReadRing&) = delete;
  ReadRing& operator=(const ReadRing&) = delete;
  ~ReadRing();  // REQUIRES: nothing is prepared or at the drive

  // To be called once, before anything else. Minus an errno when there is no ring to be had. Memory is registered if
  // the system allows it (QueueOptions::registered). `workers`: kernel threads for as many reads as are there, so that
  // those of one drive cannot take all; else as many as the kernel thinks fit. A wish too.
  int start(size_t depth, std::span<std::byte> registered, bool workers);

  // The kernel's threads for this ring run on these processors; a wish.
  void keep_workers_on(std::span<const int32_t> cpus);

  // A read of `out`, or of its first part. `in_worker`: by a kernel thread, so that flush copies nothing from the page
  // cache. Whether it goes to registered memory.
  bool prepare(int fd, uint64_t offset, std::span<std::byte> out, bool in_worker, size_t tag);

  // Hands what is prepared to the kernel. When that is short of memory it takes them a little later.
  void flush();

  // A read that has ended, if there is one.
  std::optional<Landed> landed();

  // Blocks until a read has ended, or a signal came. REQUIRES: one is at the drive.
  void sleep();

 private:
  void register_memory(std::span<std::byte> memory);
  int buffer_of(std::span<const std::byte> bytes) const;

  std::unique_ptr<io_uring> ring_;
  bool started_ = false;
  std::span<std::byte> registered_;
};

}  // namespace sluice::io

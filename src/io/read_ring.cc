#ifdef SLUICE_HAVE_URING
#include "io/read_ring.h"

#include <liburing.h>
#include <sched.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "base/check.h"

namespace sluice::io {

namespace {

constexpr uint64_t kMostPerRead = uint64_t{1} << 30;  // of one read, and of one registered buffer: the kernel's limit

}  // namespace

ReadRing::ReadRing() : ring_(std::make_unique<io_uring>()) {}

ReadRing::~ReadRing() {
  if (started_) io_uring_queue_exit(ring_.get());
}

int ReadRing::start(size_t depth, std::span<std::byte> registered, bool workers) {
  if (const int error = io_uring_queue_init(static_cast<unsigned>(depth), ring_.get(), 0); error < 0) return error;
  started_ = true;
  io_uring_probe* probe = io_uring_get_probe_ring(ring_.get());
  const bool reads = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_READ) != 0;
  if (probe != nullptr) io_uring_free_probe(probe);
  if (!reads) return -ENOSYS;
  register_memory(registered);
  unsigned most[2] = {static_cast<unsigned>(depth), 0};  // for files; 0: the bound for the rest stays as it is
  if (workers) io_uring_register_iowq_max_workers(ring_.get(), most);
  return 0;
}

void ReadRing::keep_workers_on(std::span<const int32_t> cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int32_t cpu : cpus) {
    if (cpu < CPU_SETSIZE) CPU_SET(static_cast<size_t>(cpu), &set);
  }
  io_uring_register_iowq_aff(ring_.get(), sizeof(set), &set);
}

void ReadRing::register_memory(std::span<std::byte> memory) {
  if (memory.empty()) return;
  std::vector<iovec> buffers;
  for (size_t at = 0; at < memory.size(); at += kMostPerRead) {
    buffers.push_back({memory.data() + at, std::min<size_t>(kMostPerRead, memory.size() - at)});
  }
  if (io_uring_register_buffers(ring_.get(), buffers.data(), static_cast<unsigned>(buffers.size())) == 0) {
    registered_ = memory;
  }
}

// The registered buffer that holds all of `bytes`, or -1.
int ReadRing::buffer_of(std::span<const std::byte> bytes) const {
  if (registered_.empty() || bytes.data() < registered_.data()) return -1;
  const auto begin = static_cast<uint64_t>(bytes.data() - registered_.data());
  const uint64_t last = begin + bytes.size() - 1;
  if (last >= registered_.size() || begin / kMostPerRead != last / kMostPerRead) return -1;
  return static_cast<int>(begin / kMostPerRead);
}

bool ReadRing::prepare(int fd, uint64_t offset, std::span<std::byte> out, bool in_worker, size_t tag) {
  io_uring_sqe* sqe = io_uring_get_sqe(ring_.get());
  SLUICE_CHECK(sqe != nullptr);
  const auto bytes = static_cast<unsigned>(std::min<uint64_t>(out.size(), kMostPerRead));
  const int buffer = buffer_of(out.first(bytes));
  if (buffer >= 0) {
    io_uring_prep_read_fixed(sqe, fd, out.data(), bytes, offset, buffer);
  } else {
    io_uring_prep_read(sqe, fd, out.data(), bytes, offset);
  }
  if (in_worker) io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
  io_uring_sqe_set_data64(sqe, tag);
  return buffer >= 0;
}

void ReadRing::flush() {
  while (io_uring_sq_ready(ring_.get()) > 0) {
    const int taken = io_uring_submit(ring_.get());
    if (taken >= 0) continue;
    SLUICE_CHECK(taken == -EINTR || taken == -EAGAIN || taken == -EBUSY || taken == -ENOMEM);
    if (taken != -EINTR) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::optional<ReadRing::Landed> ReadRing::landed() {
  io_uring_cqe* cqe = nullptr;
  if (io_uring_peek_cqe(ring_.get(), &cqe) != 0) return std::nullopt;
  const Landed landed{.tag = io_uring_cqe_get_data64(cqe), .result = cqe->res};
  io_uring_cqe_seen(ring_.get(), cqe);
  return landed;
}

void ReadRing::sleep() {
  io_uring_cqe* cqe = nullptr;
  const int error = io_uring_wait_cqe(ring_.get(), &cqe);
  SLUICE_CHECK(error == 0 || error == -EINTR || error == -EAGAIN);
}

}  // namespace sluice::io
#endif

#include "io/uring.h"

#include <fmt/format.h>
#include <liburing.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/check.h"
#include "io/file.h"
#include "io/pieces.h"
#include "io/progress.h"
#include "io/ring.h"

namespace sluice::io {

namespace {

constexpr uint64_t kMostPerRead = uint64_t{1} << 30;  // of one read, and of one registered buffer: the kernel's limit

// The mutex guards everything but the completion side of the ring, which belongs to the thread that waits or polls.
// That thread alone takes completions and so is the only one that lowers the number of reads at the drive: when it goes
// to sleep with reads there, a completion is sure to wake it.
class Uring final : public Queue {
 public:
  explicit Uring(const QueueOptions& options)
      : capacity_(options.capacity),
        depth_(static_cast<size_t>(options.depth)),
        speculative_depth_(static_cast<size_t>(std::min(options.speculative_depth, options.depth))),
        pieces_(capacity_, options.piece),
        flights_(depth_),
        done_(capacity_) {
    for (size_t i = 0; i < depth_; ++i) idle_.push_back(depth_ - 1 - i);
  }
  ~Uring() override;

  // To be called once, before anything else. Minus an errno when there is no ring to be had.
  int start(std::span<std::byte> registered);

  size_t capacity() const override { return capacity_; }
  size_t in_flight() const override;
  void submit(std::span<const Request> requests) override;
  size_t wait(std::span<Completion> out) override;
  size_t poll(std::span<Completion> out) override;
  Counters counters() const override;

 private:
  // A read at the drive, or about to be.
  struct Flight {
    std::optional<Progress> progress;
    Request piece;
    size_t whole = 0;
  };

  void register_memory(std::span<std::byte> memory);
  int buffer_of(std::span<const std::byte> bytes) const;
  bool start_next(Priority priority);
  void issue(size_t flight);
  void pump();
  void flush();
  void reap();
  void land(size_t flight, int32_t result);
  void deliver(const Completion& completion);
  void sleep();
  size_t take(std::span<Completion> out);

  const size_t capacity_;
  const size_t depth_;
  const size_t speculative_depth_;
  io_uring ring_{};
  bool started_ = false;
  std::span<std::byte> registered_;

  mutable std::mutex mutex_;
  Pieces pieces_;
  std::vector<Flight> flights_;
  std::vector<size_t> idle_;  // flights not in use
  Ring<Completion> done_;
  size_t in_flight_ = 0;
  size_t speculative_flights_ = 0;
  Counters counters_;
};

Uring::~Uring() {
  if (!started_) return;
  // What stands in the queue is dropped; what the kernel has, it must finish writing.
  while (idle_.size() < depth_) {
    flush();
    io_uring_cqe* cqe = nullptr;
    if (io_uring_wait_cqe(&ring_, &cqe) != 0) continue;
    idle_.push_back(io_uring_cqe_get_data64(cqe));
    io_uring_cqe_seen(&ring_, cqe);
  }
  io_uring_queue_exit(&ring_);
}

int Uring::start(std::span<std::byte> registered) {
  if (const int error = io_uring_queue_init(static_cast<unsigned>(depth_), &ring_, 0); error < 0) return error;
  started_ = true;
  io_uring_probe* probe = io_uring_get_probe_ring(&ring_);
  const bool reads = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_READ) != 0;
  if (probe != nullptr) io_uring_free_probe(probe);
  if (!reads) return -ENOSYS;
  register_memory(registered);
  return 0;
}

void Uring::register_memory(std::span<std::byte> memory) {
  if (memory.empty()) return;
  std::vector<iovec> buffers;
  for (size_t at = 0; at < memory.size(); at += kMostPerRead) {
    buffers.push_back({memory.data() + at, std::min<size_t>(kMostPerRead, memory.size() - at)});
  }
  if (io_uring_register_buffers(&ring_, buffers.data(), static_cast<unsigned>(buffers.size())) == 0) {
    registered_ = memory;
  }
}

// The registered buffer that holds all of `bytes`, or -1.
int Uring::buffer_of(std::span<const std::byte> bytes) const {
  if (registered_.empty() || bytes.data() < registered_.data()) return -1;
  const auto begin = static_cast<uint64_t>(bytes.data() - registered_.data());
  const uint64_t last = begin + bytes.size() - 1;
  if (last >= registered_.size() || begin / kMostPerRead != last / kMostPerRead) return -1;
  return static_cast<int>(begin / kMostPerRead);
}

size_t Uring::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

Counters Uring::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Uring::submit(std::span<const Request> requests) {
  const std::lock_guard lock(mutex_);
  SLUICE_CHECK(requests.size() <= capacity_ - in_flight_);
  in_flight_ += requests.size();
  for (const Request& request : requests) {
    SLUICE_CHECK(request.file != nullptr && (request.dst != nullptr || request.bytes == 0));
    request.bytes == 0 ? deliver(Progress(request).completion()) : pieces_.add(request);
  }
  pump();
}

size_t Uring::wait(std::span<Completion> out) {
  SLUICE_CHECK(!out.empty());
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      SLUICE_CHECK(in_flight_ > 0);
      reap();
      pump();
      if (!done_.empty()) return take(out);
    }
    sleep();
  }
}

size_t Uring::poll(std::span<Completion> out) {
  const std::lock_guard lock(mutex_);
  reap();
  pump();
  return take(out);
}

size_t Uring::take(std::span<Completion> out) {
  const size_t n = std::min(out.size(), done_.size());
  for (size_t i = 0; i < n; ++i) out[i] = done_.pop();
  in_flight_ -= n;
  return n;
}

// Blocks until the kernel has a completion; takes none. A signal is no matter.
void Uring::sleep() {
  io_uring_cqe* cqe = nullptr;
  const int error = io_uring_wait_cqe(&ring_, &cqe);
  SLUICE_CHECK(error == 0 || error == -EINTR || error == -EAGAIN);
}

// Starts as many reads as the depth allows, demand first, in one call to the kernel.
void Uring::pump() {
  while (start_next(Priority::demand)) {
  }
  while (speculative_flights_ < speculative_depth_ && start_next(Priority::speculative)) {
  }
  flush();
}

bool Uring::start_next(Priority priority) {
  if (idle_.empty() || !pieces_.waiting(priority)) return false;
  const size_t at = idle_.back();
  idle_.pop_back();
  const Pieces::Piece piece = pieces_.next(priority);
  Flight& flight = flights_[at];
  flight.progress.emplace(piece.request);
  flight.piece = piece.request;
  flight.whole = piece.whole;
  if (priority == Priority::speculative) ++speculative_flights_;
  issue(at);
  return true;
}

void Uring::issue(size_t at) {
  const Flight& flight = flights_[at];
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  SLUICE_CHECK(sqe != nullptr);  // one entry a flight
  const std::span<std::byte> rest = flight.progress->rest();
  const auto bytes = static_cast<unsigned>(std::min<uint64_t>(rest.size(), kMostPerRead));
  const int fd = flight.piece.file->fd();
  if (const int buffer = buffer_of(rest.first(bytes)); buffer >= 0) {
    io_uring_prep_read_fixed(sqe, fd, rest.data(), bytes, flight.progress->offset(), buffer);
    ++counters_.registered_reads;
  } else {
    io_uring_prep_read(sqe, fd, rest.data(), bytes, flight.progress->offset());
  }
  if (flight.piece.file->alignment() == 1) io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
  io_uring_sqe_set_data64(sqe, at);
}

// Hands prepared reads to the kernel. When it is short of memory it takes them a little later.
void Uring::flush() {
  while (io_uring_sq_ready(&ring_) > 0) {
    const int taken = io_uring_submit(&ring_);
    if (taken >= 0) continue;
    SLUICE_CHECK(taken == -EINTR || taken == -EAGAIN || taken == -EBUSY || taken == -ENOMEM);
    if (taken != -EINTR) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Uring::reap() {
  io_uring_cqe* cqe = nullptr;
  while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
    const size_t at = io_uring_cqe_get_data64(cqe);
    const int32_t result = cqe->res;
    io_uring_cqe_seen(&ring_, cqe);
    land(at, result);
  }
}

void Uring::land(size_t at, int32_t result) {
  Flight& flight = flights_[at];
  // The thread that started a read may end before it: then the kernel cancels it, which is an interruption only.
  flight.progress->advance(result == -ECANCELED ? -EINTR : result);
  if (!flight.progress->finished()) return issue(at);
  counters_.bytes += flight.progress->bytes_done();
  counters_.retries += flight.progress->reads() - 1;
  if (flight.piece.priority == Priority::speculative) --speculative_flights_;
  idle_.push_back(at);
  if (const auto completion = pieces_.end(flight.whole, *flight.progress, flight.piece.offset)) deliver(*completion);
}

void Uring::deliver(const Completion& completion) {
  done_.push(completion);
  counters_.requests += 1;
  counters_.failures += completion.ok() ? 0 : 1;
}

bool absent(int error) {
  // ENOMEM: kernels before 5.12 count the ring itself against RLIMIT_MEMLOCK.
  return error == -ENOSYS || error == -EPERM || error == -EACCES || error == -EINVAL || error == -ENOMEM;
}

}  // namespace

Result<std::unique_ptr<Queue>> make_uring(const QueueOptions& options) {
  constexpr int32_t kMostDepth = 1024;
  constexpr size_t kMostCapacity = size_t{1} << 20;
  if (options.depth < 1 || options.depth > kMostDepth || options.speculative_depth < 1) {
    return Error{Code::invalid, fmt::format("io depth {}, {} of it speculative: give 1 to {}", options.depth,
                                            options.speculative_depth, kMostDepth)};
  }
  if (options.capacity < 1 || options.capacity > kMostCapacity) {
    return Error{Code::invalid, fmt::format("io queue for {} requests: give 1 to {}", options.capacity, kMostCapacity)};
  }
  auto queue = std::make_unique<Uring>(options);
  if (const int error = queue->start(options.registered); error < 0) {
    const Code code = absent(error) ? Code::unsupported : Code::io;
    return Error{code, fmt::format("io_uring cannot be used here: {}", strerror(-error))};
  }
  return std::unique_ptr<Queue>(std::move(queue));
}

}  // namespace sluice::io

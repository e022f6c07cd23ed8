#ifdef SLUICE_HAVE_URING
#include "io/uring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "base/check.h"
#include "io/file.h"
#include "io/pieces.h"
#include "io/progress.h"
#include "io/read_ring.h"
#include "io/ring.h"

namespace sluice::io {

namespace {

// The mutex guards everything but the completion side of the ring, which belongs to the thread that waits or polls.
// That thread alone takes completions and so is the only one that lowers the number of reads at the drive: when it goes
// to sleep with reads there, a completion is sure to wake it.
class Uring final : public Queue {
 public:
  explicit Uring(const QueueOptions& options)
      : capacity_(options.capacity),
        depth_(static_cast<size_t>(options.depth)),
        speculative_depth_(static_cast<size_t>(std::min(options.speculative_depth, options.depth))),
        drives_(static_cast<size_t>(options.drives)),
        pieces_(capacity_, drives_.size(), options.piece),
        flights_(depth_ * drives_.size()),
        done_(capacity_) {
    for (size_t i = flights_.size(); i-- > 0;) idle_.push_back(i);
  }
  ~Uring() override;

  // As ReadRing::start.
  int start(const QueueOptions& options);

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

  // Reads at one drive, of both priorities and of the one.
  struct Drive {
    size_t flights = 0, speculative = 0;
  };

  void start_next(size_t drive, Priority priority);
  void issue(size_t flight);
  void pump();
  void reap();
  void land(size_t flight, int32_t result);
  void deliver(const Completion& completion);
  size_t take(std::span<Completion> out);

  const size_t capacity_;
  const size_t depth_;
  const size_t speculative_depth_;  // each of one drive
  ReadRing ring_;

  mutable std::mutex mutex_;
  std::vector<Drive> drives_;
  Pieces pieces_;
  std::vector<Flight> flights_;
  std::vector<size_t> idle_;  // flights not in use
  Ring<Completion> done_;
  size_t in_flight_ = 0;
  Counters counters_;
};

Uring::~Uring() {
  // What stands in the queue is dropped; what the kernel has, it must finish writing.
  while (idle_.size() < flights_.size()) {
    ring_.flush();
    if (const auto landed = ring_.landed()) {
      idle_.push_back(landed->tag);
    } else {
      ring_.sleep();
    }
  }
}

int Uring::start(const QueueOptions& options) {
  const int error = ring_.start(flights_.size(), options.registered, drives_.size() > 1);
  if (error == 0 && !options.cpus.empty()) ring_.keep_workers_on(options.cpus);
  return error;
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
    SLUICE_CHECK(request.drive < drives_.size());
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
    ring_.sleep();
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

// Starts as many reads as the depth of each drive allows, demand first, in one call to the kernel.
void Uring::pump() {
  for (size_t d = 0; d < drives_.size(); ++d) {
    const Drive& drive = drives_[d];
    while (drive.flights < depth_ && pieces_.waiting(d, Priority::demand)) start_next(d, Priority::demand);
    while (drive.flights < depth_ && drive.speculative < speculative_depth_ &&
           pieces_.waiting(d, Priority::speculative)) {
      start_next(d, Priority::speculative);
    }
  }
  ring_.flush();
}

void Uring::start_next(size_t drive, Priority priority) {
  const size_t at = idle_.back();
  idle_.pop_back();
  const Pieces::Piece piece = pieces_.next(drive, priority);
  Flight& flight = flights_[at];
  flight.progress.emplace(piece.request);
  flight.piece = piece.request;
  flight.whole = piece.whole;
  ++drives_[drive].flights;
  if (priority == Priority::speculative) ++drives_[drive].speculative;
  issue(at);
}

void Uring::issue(size_t at) {
  const Flight& flight = flights_[at];
  const File& file = *flight.piece.file;
  const Progress& progress = *flight.progress;
  const bool buffered = file.alignment() == 1;
  if (ring_.prepare(file.fd(), progress.offset(), progress.rest(), buffered, at)) ++counters_.registered_reads;
}

void Uring::reap() {
  while (const auto landed = ring_.landed()) land(landed->tag, landed->result);
}

void Uring::land(size_t at, int32_t result) {
  Flight& flight = flights_[at];
  // The thread that started a read may end before it: then the kernel cancels it, which is an interruption only.
  flight.progress->advance(result == -ECANCELED ? -EINTR : result);
  if (!flight.progress->finished()) return issue(at);
  counters_.bytes += flight.progress->bytes_done();
  counters_.retries += flight.progress->reads() - 1;
  Drive& drive = drives_[flight.piece.drive];
  --drive.flights;
  if (flight.piece.priority == Priority::speculative) --drive.speculative;
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
  constexpr int32_t kMostReads = 1024;  // at all drives
  constexpr size_t kMostCapacity = size_t{1} << 20;
  if (options.drives < 1 || options.drives > kMostDrives) {
    return Error{Code::invalid, fmt::format("io for {} drives: give 1 to {}", options.drives, kMostDrives)};
  }
  const int32_t most_depth = kMostReads / options.drives;
  if (options.depth < 1 || options.depth > most_depth || options.speculative_depth < 1) {
    return Error{Code::invalid, fmt::format("io depth {}, {} of it speculative: give 1 to {}", options.depth,
                                            options.speculative_depth, most_depth)};
  }
  if (options.capacity < 1 || options.capacity > kMostCapacity) {
    return Error{Code::invalid, fmt::format("io queue for {} requests: give 1 to {}", options.capacity, kMostCapacity)};
  }
  if (options.reader.read != system_reader().read) {
    return Error{Code::unsupported, "io_uring reads by itself: it cannot go through a reader"};
  }
  auto queue = std::make_unique<Uring>(options);
  if (const int error = queue->start(options); error < 0) {
    const Code code = absent(error) ? Code::unsupported : Code::io;
    return Error{code, fmt::format("io_uring cannot be used here: {}", strerror(-error))};
  }
  return std::unique_ptr<Queue>(std::move(queue));
}

}  // namespace sluice::io
#endif

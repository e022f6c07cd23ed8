#include "io/pread_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/cores.h"
#include "io/progress.h"
#include "io/ring.h"

namespace sluice::io {

namespace {

// One mutex guards everything: a token asks for at most some hundreds of reads, each a thousand times longer than the
// few instructions under the lock. In-flight requests are bounded by the capacity, so no ring can overflow.
class PreadPool final : public Queue {
 public:
  explicit PreadPool(const QueueOptions& options)
      : capacity_(options.capacity), reader_(options.reader), done_(capacity_) {
    for (int32_t i = 0; i < options.drives; ++i) drives_.emplace_back(capacity_);
  }
  ~PreadPool() override;

  // To be called once: so many threads a drive. May throw std::system_error; the destructor then stops what has
  // started.
  void start(int32_t threads, std::span<const int32_t> cpus);

  size_t capacity() const override { return capacity_; }
  size_t in_flight() const override;
  void submit(std::span<const Request> requests) override;
  size_t wait(std::span<Completion> out) override;
  size_t poll(std::span<Completion> out) override;
  Counters counters() const override;

 private:
  // What waits for one drive, and its threads, which serve no other: a slow drive takes none of another's.
  struct Drive {
    explicit Drive(size_t capacity) : demand(capacity), speculative(capacity) {}

    Ring<Request> demand;
    Ring<Request> speculative;
    std::condition_variable work_ready;
    size_t idle_threads = 0;
  };

  void work(Drive& drive);
  void serve(Progress& progress, const File& file);
  void deliver(const Progress& progress);
  size_t take(std::span<Completion> out);

  const size_t capacity_;
  const Reader reader_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;  // written under mutex_, read without it between the reads of one request

  mutable std::mutex mutex_;
  std::condition_variable done_ready_;
  std::deque<Drive> drives_;  // a deque: they stay where they are
  Ring<Completion> done_;
  size_t in_flight_ = 0;
  bool consumer_waits_ = false;
  Counters counters_;
};

PreadPool::~PreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (Drive& drive : drives_) drive.work_ready.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void PreadPool::start(int32_t threads, std::span<const int32_t> cpus) {
  threads_.reserve(static_cast<size_t>(threads) * drives_.size());
  for (Drive& drive : drives_) {
    for (int32_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, &drive, kept = std::vector<int32_t>(cpus.begin(), cpus.end())] {
        if (!kept.empty()) keep_on(kept);
        work(drive);
      });
    }
  }
}

size_t PreadPool::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

Counters PreadPool::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void PreadPool::submit(std::span<const Request> requests) {
  std::array<size_t, kMostDrives> to_wake{};
  {
    const std::lock_guard lock(mutex_);
    SLUICE_CHECK(requests.size() <= capacity_ - in_flight_);
    for (const Request& request : requests) {
      SLUICE_CHECK(request.file != nullptr && (request.dst != nullptr || request.bytes == 0));
      SLUICE_CHECK(request.drive < drives_.size());
      Drive& drive = drives_[request.drive];
      (request.priority == Priority::demand ? drive.demand : drive.speculative).push(request);
      // A thread that is not idle looks at the rings before it sleeps, so only idle ones need waking.
      size_t& waking = to_wake[request.drive];
      waking = std::min(waking + 1, drive.idle_threads);
    }
    in_flight_ += requests.size();
  }
  for (size_t d = 0; d < drives_.size(); ++d) {
    for (size_t i = 0; i < to_wake[d]; ++i) drives_[d].work_ready.notify_one();
  }
}

size_t PreadPool::wait(std::span<Completion> out) {
  SLUICE_CHECK(!out.empty());
  std::unique_lock lock(mutex_);
  SLUICE_CHECK(in_flight_ > 0);
  while (done_.empty()) {
    consumer_waits_ = true;
    done_ready_.wait(lock);
  }
  consumer_waits_ = false;
  return take(out);
}

size_t PreadPool::poll(std::span<Completion> out) {
  const std::lock_guard lock(mutex_);
  return take(out);
}

size_t PreadPool::take(std::span<Completion> out) {
  const size_t n = std::min(out.size(), done_.size());
  for (size_t i = 0; i < n; ++i) out[i] = done_.pop();
  in_flight_ -= n;
  return n;
}

void PreadPool::work(Drive& drive) {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && drive.demand.empty() && drive.speculative.empty()) {
      ++drive.idle_threads;
      drive.work_ready.wait(lock);
      --drive.idle_threads;
    }
    if (stopping_) return;
    const Request request = (drive.demand.empty() ? drive.speculative : drive.demand).pop();
    lock.unlock();
    Progress progress(request);
    serve(progress, *request.file);
    lock.lock();
    if (progress.finished()) deliver(progress);
  }
}

void PreadPool::serve(Progress& progress, const File& file) {
  while (!progress.finished() && !stopping_) {
    progress.advance(reader_.read(reader_.self, file, progress.offset(), progress.rest()));
  }
}

void PreadPool::deliver(const Progress& progress) {
  const Completion completion = progress.completion();
  done_.push(completion);
  counters_.requests += 1;
  counters_.failures += completion.ok() ? 0 : 1;
  counters_.bytes += progress.bytes_done();
  counters_.retries += progress.reads() > 1 ? progress.reads() - 1 : 0;
  if (consumer_waits_) {
    consumer_waits_ = false;
    done_ready_.notify_one();
  }
}

}  // namespace

Result<std::unique_ptr<Queue>> make_pread_pool(const QueueOptions& options) {
  constexpr int32_t kMostThreads = 256;
  if (options.drives < 1 || options.drives > kMostDrives) {
    return Error{Code::invalid, fmt::format("io for {} drives: give 1 to {}", options.drives, kMostDrives)};
  }
  const int32_t most_threads = kMostThreads / options.drives;
  const size_t most_capacity = (size_t{1} << 20) / static_cast<size_t>(options.drives);
  if (options.threads < 1 || options.threads > most_threads) {
    return Error{Code::invalid, fmt::format("{} io threads: give 1 to {}", options.threads, most_threads)};
  }
  if (options.capacity < 1 || options.capacity > most_capacity) {
    return Error{Code::invalid, fmt::format("io queue for {} requests: give 1 to {}", options.capacity, most_capacity)};
  }
  auto pool = std::make_unique<PreadPool>(options);
  try {
    pool->start(options.threads, options.cpus);
  } catch (const std::system_error& e) {
    return Error{Code::io, fmt::format("cannot start {} io threads: {}", options.threads, e.code().message())};
  }
  return std::unique_ptr<Queue>(std::move(pool));
}

}  // namespace sluice::io

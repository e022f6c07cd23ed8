#include "io/pread_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/progress.h"
#include "io/ring.h"

namespace sluice::io {

namespace {

// One mutex guards everything: a token asks for at most some hundreds of reads, each a thousand times longer than the
// few instructions under the lock. In-flight requests are bounded by the capacity, so no ring can overflow.
class PreadPool final : public Queue {
 public:
  explicit PreadPool(const QueueOptions& options)
      : capacity_(options.capacity),
        reader_(options.reader),
        demand_(capacity_),
        speculative_(capacity_),
        done_(capacity_) {}
  ~PreadPool() override;

  // To be called once. May throw std::system_error; the destructor then stops what has started.
  void start(int32_t threads);

  size_t capacity() const override { return capacity_; }
  size_t in_flight() const override;
  void submit(std::span<const Request> requests) override;
  size_t wait(std::span<Completion> out) override;
  size_t poll(std::span<Completion> out) override;
  Counters counters() const override;

 private:
  void work();
  void serve(Progress& progress, const File& file);
  void deliver(const Progress& progress);
  size_t take(std::span<Completion> out);

  const size_t capacity_;
  const Reader reader_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_ = false;  // written under mutex_, read without it between the reads of one request

  mutable std::mutex mutex_;
  std::condition_variable work_ready_;
  std::condition_variable done_ready_;
  Ring<Request> demand_;
  Ring<Request> speculative_;
  Ring<Completion> done_;
  size_t in_flight_ = 0;
  size_t idle_threads_ = 0;
  bool consumer_waits_ = false;
  Counters counters_;
};

PreadPool::~PreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void PreadPool::start(int32_t threads) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
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
  size_t to_wake = 0;
  {
    const std::lock_guard lock(mutex_);
    SLUICE_CHECK(requests.size() <= capacity_ - in_flight_);
    for (const Request& request : requests) {
      SLUICE_CHECK(request.file != nullptr && (request.dst != nullptr || request.bytes == 0));
      (request.priority == Priority::demand ? demand_ : speculative_).push(request);
    }
    in_flight_ += requests.size();
    // A thread that is not idle looks at the rings before it sleeps, so only idle ones need waking.
    to_wake = std::min(requests.size(), idle_threads_);
  }
  for (size_t i = 0; i < to_wake; ++i) work_ready_.notify_one();
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

void PreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!stopping_ && demand_.empty() && speculative_.empty()) {
      ++idle_threads_;
      work_ready_.wait(lock);
      --idle_threads_;
    }
    if (stopping_) return;
    const Request request = (demand_.empty() ? speculative_ : demand_).pop();
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
  constexpr size_t kMostCapacity = size_t{1} << 20;
  if (options.threads < 1 || options.threads > kMostThreads) {
    return Error{Code::invalid, fmt::format("{} io threads: give 1 to {}", options.threads, kMostThreads)};
  }
  if (options.capacity < 1 || options.capacity > kMostCapacity) {
    return Error{Code::invalid, fmt::format("io queue for {} requests: give 1 to {}", options.capacity, kMostCapacity)};
  }
  auto pool = std::make_unique<PreadPool>(options);
  try {
    pool->start(options.threads);
  } catch (const std::system_error& e) {
    return Error{Code::io, fmt::format("cannot start {} io threads: {}", options.threads, e.code().message())};
  }
  return std::unique_ptr<Queue>(std::move(pool));
}

}  // namespace sluice::io

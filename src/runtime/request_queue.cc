#include "runtime/request_queue.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::runtime {

bool cancelled(const Request& request) {
  return request.options.cancel != nullptr && request.options.cancel->load(std::memory_order_relaxed);
}

Generation nothing_said() {
  Generation out;
  out.finish = Finish::cancelled;
  return out;
}

RequestQueue::RequestQueue(int32_t most, int32_t seats) {
  status_.max_queue = most;
  status_.sessions = seats;
}

// Nobody waits for these any more: their places are free.
std::vector<Waiting> RequestQueue::take_cancelled() {
  std::vector<Waiting> out;
  for (size_t i = queue_.size(); i-- > 0;) {
    if (!cancelled(queue_[i].request)) continue;
    out.push_back(std::move(queue_[i]));
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
    ++status_.cancelled;
  }
  return out;
}

Result<uint64_t> RequestQueue::submit(Request request, Scheduler::Done done) {
  std::vector<Waiting> gone;
  uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    gone = take_cancelled();
    const int32_t free_seats = std::max(0, status_.sessions - status_.running);
    if (static_cast<int32_t>(queue_.size()) >= status_.max_queue + free_seats) {
      ++status_.refused;
    } else {
      number = next_number_++;
      queue_.push_back({std::move(request), std::move(done)});
    }
    waiting_ = queue_.size();
  }
  for (Waiting& each : gone) each.done(nothing_said());
  if (number == 0) {
    return Error{Code::over_budget, fmt::format("{} requests are waiting, and no more may; try again later", status_.max_queue)};
  }
  work_.notify_one();
  return number;
}

std::optional<Waiting> RequestQueue::take(bool wait) {
  if (!wait && waiting_.load(std::memory_order_relaxed) == 0) return std::nullopt;
  std::unique_lock lock(mutex_);
  if (wait) work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (stopping_ || queue_.empty()) return std::nullopt;
  Waiting next = std::move(queue_.front());
  queue_.pop_front();
  waiting_ = queue_.size();
  ++status_.running;
  return next;
}

bool RequestQueue::idle() const {
  const std::lock_guard lock(mutex_);
  return !stopping_ && queue_.empty();
}

std::deque<Waiting> RequestQueue::stop() {
  std::deque<Waiting> never;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    never.swap(queue_);
    waiting_ = 0;
  }
  work_.notify_one();
  return never;
}

SchedulerStatus RequestQueue::status() const {
  const std::lock_guard lock(mutex_);
  SchedulerStatus out = status_;
  out.queued = static_cast<int32_t>(queue_.size());
  out.generated_tokens = generated_.load(std::memory_order_relaxed);
  return out;
}

}  // namespace sluice::runtime

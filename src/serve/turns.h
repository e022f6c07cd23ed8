// So many at once, the others wait. (libstdc++ 12's counting_semaphore can sleep through a release, GCC bug 104928.)
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sluice::serve {

// Thread-safe.
class Turns {
 public:
  explicit Turns(int at_once) : free_(at_once) {}

  // False: none became free in this time.
  bool take(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    if (!given_back_.wait_for(lock, time, [this] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    given_back_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_back_;
  int free_;
};

}  // namespace sluice::serve

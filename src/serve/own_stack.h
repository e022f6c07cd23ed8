// A thread whose stack is as large as we say. std::thread's follows `ulimit -s`, down to 2 MB where that is unlimited,
// and cpp-httplib matches header lines with regular expressions that recurse once a character.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>

namespace sluice::serve {

class OwnStackThread {
 public:
  // Begins `run`, which must not throw. Throws std::system_error where no thread can be made, as std::thread does.
  OwnStackThread(size_t stack_bytes, std::function<void()> run);
  OwnStackThread(const OwnStackThread&) = delete;
  OwnStackThread& operator=(const OwnStackThread&) = delete;
  // Waits for the end of `run`.
  ~OwnStackThread();

 private:
  static void* begin(void* self);

  std::function<void()> run_;
  pthread_t thread_{};
};

}  // namespace sluice::serve

#include "cli/chat/interrupts.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sluice::cli {
namespace {

constexpr int kTooMany = 4;  // nothing heeds them: end at once
constexpr int kInterruptedCode = 130;

std::atomic<bool> flag = false;
std::atomic<int> count = 0;
int came[2] = {-1, -1};  // a pipe: a byte for every signal, whichever thread took it, so that a wait at the prompt ends
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free, "a signal handler sets them");

void on_signal(int) {
  const int before = errno;
  if (count.fetch_add(1) + 1 >= kTooMany) ::_exit(kInterruptedCode);
  flag.store(true);
  const char byte = 0;
  static_cast<void>(!::write(came[1], &byte, 1));
  errno = before;
}

}  // namespace

void count_interrupts() {
  if (came[0] < 0) static_cast<void>(!::pipe2(came, O_CLOEXEC | O_NONBLOCK));
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
}

std::atomic<bool>& interrupted_flag() { return flag; }

int take_interrupts() {
  char bytes[kTooMany];
  while (::read(came[0], bytes, sizeof bytes) > 0) continue;
  flag.store(false);
  return count.exchange(0);
}

bool wait_for_input() {
  pollfd on[2] = {{came[0], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while (::poll(on, 2, -1) < 0 && errno == EINTR) continue;
  return on[0].revents == 0;
}

}  // namespace sluice::cli

#include "cli/chat/shell.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Only what is safe after a fork in a program with threads.
[[noreturn]] void become_shell(const char* command, int output) {
  ::setpgid(0, 0);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP}) std::signal(each, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
#ifdef __linux__
  ::close_range(3, ~0U, 0);  // the model's files are nothing to it
#endif
  ::execlp("env", "env", "TERM=dumb", "PAGER=cat", "bash", "-c", command, static_cast<char*>(nullptr));
  ::_exit(127);
}

// Takes in what is there. False: nobody writes any more.
bool drain(int from, size_t most, ShellResult& result) {
  char buffer[4096];
  for (int i = 0; i < 64; ++i) {  // bounded: a flood must not keep the clock from being looked at
    const ssize_t n = ::read(from, buffer, sizeof buffer);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    const size_t kept = std::min(most - std::min(most, result.output.size()), static_cast<size_t>(n));
    result.output.append(buffer, kept);
    result.left_out += static_cast<size_t>(n) - kept;
  }
  return true;
}

std::string ending_of(int status) {
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {}", WTERMSIG(status));
  return fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace

ShellResult run_shell(const std::string& command, size_t most_bytes, std::chrono::milliseconds timeout, const std::atomic<bool>* cancel) {
  ShellResult result;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {"", 0, std::string("not run: ") + strerror(errno)};
  const pid_t child = ::fork();
  if (child == 0) become_shell(command.c_str(), ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return {"", 0, std::string("not run: ") + strerror(errno)};
  }
  ::setpgid(child, child);  // whoever is first
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const auto until = Clock::now() + timeout;
  bool open = true;
  int status = 0;
  for (;;) {
    pollfd ready{open ? ends[0] : -1, POLLIN, 0};
    ::poll(&ready, 1, 20);
    if (open) open = drain(ends[0], most_bytes, result);
    if (::waitpid(child, &status, WNOHANG) == child) {
      result.ending = ending_of(status);
      break;
    }
    const bool stopped = cancel != nullptr && cancel->load();
    if (!stopped && Clock::now() < until) continue;
    ::kill(-child, SIGKILL);
    ::waitpid(child, &status, 0);
    result.ending = stopped ? "interrupted by the user" : fmt::format("stopped after {} s", std::chrono::duration<double>(timeout).count());
    break;
  }
  ::kill(-child, SIGKILL);  // what it left running
  if (open) drain(ends[0], most_bytes, result);
  ::close(ends[0]);
  return result;
}

}  // namespace sluice::cli

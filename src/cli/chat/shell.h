// Runs a command by bash, bounded in time and output.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::cli {

struct ShellResult {
  std::string output;     // standard output and error as they came, at most `most_bytes`
  uint64_t left_out = 0;  // bytes after those
  std::string ending;     // "exit status 0", "ended by signal 9", "stopped after 60 s" ...
};

// `bash -c`, without standard input, in a process group of its own, which is killed when the shell has ended, the time is
// over or `cancel` (may be null) becomes true.
ShellResult run_shell(const std::string& command, size_t most_bytes, std::chrono::milliseconds timeout, const std::atomic<bool>* cancel);

}  // namespace sluice::cli

// A reader that fails on order, over any other reader, for tests. Thread-safe. A rule says which reads it strikes; with
// one reading thread, or with rules that name places instead of counts, what happens is the same on every run.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

#include "io/reader.h"

namespace sluice::io {

enum class Fault : uint8_t {
  error,        // the read fails with FaultRule::error; EINTR many times over makes a storm
  short_read,   // at most FaultRule::bytes come, at least one
  end_of_file,  // the file ends at FaultRule::bytes: it shrank
  delay,        // the read takes FaultRule::delay longer, then later rules have their say
};

inline constexpr uint64_t kAlways = std::numeric_limits<uint64_t>::max();

// Reads that start in [begin, end) of the file match. Of the matching ones the first `skip` pass, then every
// `every`-th is struck, `times` times.
struct FaultRule {
  Fault fault = Fault::error;
  const File* file = nullptr;  // nullptr: any
  uint64_t begin = 0;
  uint64_t end = kAlways;
  uint64_t skip = 0;
  uint64_t every = 1;
  uint64_t times = kAlways;
  int32_t error = 5;  // errno, EIO unless told
  uint64_t bytes = 0;
  std::chrono::microseconds delay{0};
};

class FaultyReader {
 public:
  // `under` does the reading. Rules are asked in order; the first that strikes decides, delays aside.
  FaultyReader(const Reader& under, std::vector<FaultRule> rules);

  // REQUIRES: *this outlives the reader's use.
  Reader reader() { return {read, this}; }

  // How often rule `i` struck: a test that relies on a fault asserts that there was one.
  uint64_t struck(size_t i) const;

 private:
  struct Armed {
    FaultRule rule;
    uint64_t matched = 0;
    uint64_t struck = 0;
  };

  static int64_t read(void* self, const File& file, uint64_t offset, std::span<std::byte> out);
  int64_t read(const File& file, uint64_t offset, std::span<std::byte> out);
  bool strikes(Armed& armed, const File& file, uint64_t offset);
  int64_t apply(const FaultRule& rule, const File& file, uint64_t offset, std::span<std::byte> out);

  const Reader under_;
  mutable std::mutex mutex_;
  std::vector<Armed> armed_;
};

}  // namespace sluice::io

// What happened when: a ring of the last so many spans of time. One thread records, without allocating or locking; the
// ring is read when it rests.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice {

enum class TraceTrack : uint8_t { compute, reads, waits };

struct Span {
  const char* name;           // of a string that outlives the trace, a literal
  int32_t layer;              // -1: none
  int32_t item;               // an expert, a token ...; -1: none
  uint8_t track;              // TraceTrack
  uint64_t begin_ns, end_ns;  // trace_now
};

// Nanoseconds of a clock that only goes forward.
inline uint64_t trace_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// Not thread-safe. With a capacity of 0 recording does nothing.
class Trace {
 public:
  // Touches its memory, so that recording never waits for pages. sizeof(Span) bytes a span.
  explicit Trace(size_t capacity = 0) : spans_(capacity) {}

  bool on() const { return !spans_.empty(); }  // ask before taking times that nobody would keep

  void record(const Span& span) {
    if (spans_.empty()) return;
    spans_[next_] = span;
    next_ = next_ + 1 == spans_.size() ? 0 : next_ + 1;
    ++recorded_;
  }
  void record(const char* name, int32_t layer, int32_t item, TraceTrack track, uint64_t begin_ns, uint64_t end_ns) {
    record({name, layer, item, static_cast<uint8_t>(track), begin_ns, end_ns});
  }

  size_t capacity() const { return spans_.size(); }
  size_t size() const { return recorded_ < spans_.size() ? static_cast<size_t>(recorded_) : spans_.size(); }
  uint64_t lost() const { return recorded_ - size(); }  // overwritten by later ones

  // In the order of recording, the oldest kept first. REQUIRES: i < size().
  const Span& operator[](size_t i) const {
    const size_t at = (recorded_ > spans_.size() ? next_ : 0) + i;
    return spans_[at < spans_.size() ? at : at - spans_.size()];
  }

  void clear() { next_ = 0, recorded_ = 0; }

 private:
  std::vector<Span> spans_;
  size_t next_ = 0;
  uint64_t recorded_ = 0;
};

}  // namespace sluice

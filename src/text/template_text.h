// A string that remembers where each of its bytes came from: from the template (markup) or from the conversation
// (content). All string work of the template engine goes through it, so the origin survives concatenation, slicing,
// trimming, splitting, replacing and case mapping. Single-threaded value type; UTF-8 by convention, not enforced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/segment.h"

namespace sluice::text {

enum class Origin : uint8_t { markup, content };

class Text {
 public:
  Text() = default;
  Text(std::string_view bytes, Origin origin) { append(bytes, origin); }

  const std::string& bytes() const { return bytes_; }
  std::string_view view() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  // REQUIRES: byte < size().
  Origin origin_at(size_t byte) const;
  bool any_content() const;
  // All of one origin, or empty.
  bool uniform() const { return runs_.size() <= 1; }
  // The origin for text derived from this one as a whole (an escape, a number): content as soon as any byte is.
  Origin origin() const { return any_content() ? Origin::content : Origin::markup; }

  // What a copy takes: the bytes and, past the first, the marks of where the origin changes.
  size_t footprint() const { return bytes_.size() + (uniform() ? 0 : (runs_.size() - 1) * kMarkBytes); }
  static constexpr size_t kMarkBytes = 16;

  void append(std::string_view bytes, Origin origin);
  void append(const Text& other) { append(other, 0, other.size()); }
  // Appends other's bytes [begin, end). REQUIRES: begin <= end <= other.size(), &other != this.
  void append(const Text& other, size_t begin, size_t end);
  Text slice(size_t begin, size_t end) const;

  std::vector<Segment> segments() const;

 private:
  struct Run {
    size_t end;  // one past the run's last byte; runs are ordered, not empty, neighbours differ in origin
    Origin origin;
  };
  static_assert(sizeof(Run) == kMarkBytes);
  void mark(size_t end, Origin origin);
  size_t run_at(size_t byte) const;

  std::string bytes_;
  std::vector<Run> runs_;
};

}  // namespace sluice::text

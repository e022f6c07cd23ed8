#include "text/template_text.h"

#include <algorithm>

namespace sluice::text {

size_t Text::run_at(size_t byte) const {
  const auto after = [](size_t b, const Run& run) { return b < run.end; };
  return static_cast<size_t>(std::upper_bound(runs_.begin(), runs_.end(), byte, after) - runs_.begin());
}

Origin Text::origin_at(size_t byte) const {
  return runs_[run_at(byte)].origin;
}

bool Text::any_content() const {
  return runs_.size() > 1 || (!runs_.empty() && runs_[0].origin == Origin::content);
}

void Text::mark(size_t end, Origin origin) {
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = end;
  } else {
    runs_.push_back({end, origin});
  }
}

void Text::append(std::string_view bytes, Origin origin) {
  if (bytes.empty()) return;
  bytes_.append(bytes);
  mark(bytes_.size(), origin);
}

void Text::append(const Text& other, size_t begin, size_t end) {
  if (begin >= end) return;
  const size_t base = bytes_.size();
  bytes_.append(other.bytes_, begin, end - begin);
  const size_t first = other.run_at(begin), last = other.run_at(end - 1);
  if (runs_.empty()) runs_.reserve(last - first + 1);
  for (size_t i = first; i <= last; ++i) {
    mark(base + std::min(other.runs_[i].end, end) - begin, other.runs_[i].origin);
  }
}

Text Text::slice(size_t begin, size_t end) const {
  Text out;
  out.append(*this, begin, end);
  return out;
}

std::vector<Segment> Text::segments() const {
  std::vector<Segment> out;
  size_t begin = 0;
  for (const Run& run : runs_) {
    out.push_back({bytes_.substr(begin, run.end - begin), run.origin == Origin::markup});
    begin = run.end;
  }
  return out;
}

}  // namespace sluice::text

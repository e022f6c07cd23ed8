// Counts the tokens of a model's thinking and says when it must end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "sluice/options.h"

namespace sluice::runtime {

// Borrows its limit.
class ThinkingClock {
 public:
  explicit ThinkingClock(const ThinkingLimit& limit) : limit_(limit), thinking_(limit.tokens >= 0) {}

  // The token that must come next; nothing: the model's own.
  std::optional<int32_t> forced() const {
    if (!thinking_ || count_ < limit_.tokens || next_ == limit_.close.size()) return std::nullopt;
    return limit_.close[next_];
  }

  void took(int32_t token) {
    if (!thinking_) return;
    if (forced()) {
      thinking_ = ++next_ < limit_.close.size();
    } else {
      thinking_ = token != limit_.end;
      ++count_;
    }
  }

 private:
  const ThinkingLimit& limit_;
  bool thinking_;
  int64_t count_ = 0;
  size_t next_ = 0;
};

}  // namespace sluice::runtime

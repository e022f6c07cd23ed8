// The parts of a pattern that stand for one character: escapes and classes.
#pragma once

#include <string_view>

#include "sluice/status.h"
#include "text/grammar/characters.h"

namespace sluice::text {

class PatternCursor {
 public:
  explicit PatternCursor(std::string_view text) : text_(text) {}

  size_t at() const { return at_; }
  bool done() const { return at_ == text_.size(); }
  bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!next_is(what)) return false;
    at_ += what.size();
    return true;
  }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void back_to(size_t at) { at_ = at; }
  // REQUIRES: not done. Text that is no UTF-8 gives U+FFFD.
  uint32_t take_character();
  // Decimal digits; -1: there is none, or it is past 1 000 000.
  int32_t take_number();

  Error bad(std::string_view what) const;
  Error refused(std::string_view what) const;

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// Behind a backslash, which is taken: a set such as \d, or one character.
Result<Characters> take_escape(PatternCursor& cursor, bool in_class);
// Behind '[', which is taken, to ']'.
Result<Characters> take_class(PatternCursor& cursor);
// What '.' stands for.
Characters any_but_line_ends();

}  // namespace sluice::text

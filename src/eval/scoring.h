// Whether an answer is right. The rules are those by which the demo model's reference figures were made:
//   tool_call           the first closed XML call has the name expected, and arguments equal as text (newlines at both
//   ends of
//                       a value do not count; true, 3 and 4.5 are expected as True, 3 and 4.5, as Python writes them)
//   json                the whole text is JSON and equals what is expected by value
//   capital, reasoning  what is expected occurs as a word after the last </think>
//   any other task      the text, outer whitespace removed, is what is expected
#pragma once

#include <string_view>

#include "eval/items.h"

namespace sluice::eval {

struct Verdict {
  bool right = false;
  bool parses = false;  // a tool call or JSON of any content is there; false for tasks without a form
};

Verdict judge(const Item& item, std::string_view answer);

// Whether judge() looks for a form in this task's answers.
bool has_form(std::string_view task);

}  // namespace sluice::eval

// A model's answer taken apart while it is written: what parse_output (tool_call.h) says of the whole text, piece by
// piece. However the text is cut, the pieces joined are its reasoning, content and calls.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tool_call.h"

namespace sluice::text {

class OutputStream {
 public:
  // What became certain. In this order: reasoning, then content and calls, which come as `parts`.
  struct Part {
    std::string content;
    std::vector<ToolCall> call;  // one or none; a part is content or a call
  };
  struct Pieces {
    std::string reasoning;
    std::vector<Part> parts;
  };

  // `in_reasoning` as for parse_output. Without `calls`, what looks like a call is content.
  explicit OutputStream(bool in_reasoning, bool calls = true)
      : place_(in_reasoning ? Place::reasoning_start : Place::start), calls_wanted_(calls) {}

  Pieces push(std::string_view text);
  // The end of the text: what was held back.
  Pieces finish();

  bool in_reasoning() const { return place_ == Place::reasoning_start || place_ == Place::reasoning; }
  bool in_call() const { return place_ == Place::call; }
  size_t calls() const { return calls_; }

 private:
  enum class Place { start, reasoning_start, reasoning, after_reasoning, content, call };

  bool step(Pieces& out, bool last);
  bool step_start(bool last);
  bool step_reasoning(Pieces& out, bool last);
  bool step_content(Pieces& out, bool last);
  bool step_call(Pieces& out, bool last);
  void add_reasoning(std::string_view text, Pieces& out);
  void add_content(std::string_view text, Pieces& out);

  Place place_;
  const bool calls_wanted_;
  std::string held_;           // not yet decided
  std::string space_;          // whitespace that counts only if something follows
  size_t looked_ = 0;          // bytes of a held call in which no end was found
  size_t calls_ = 0;
  bool reasoned_ = false;      // some reasoning came out
  bool wrote_ = false;         // some content came out
  bool after_call_ = false;    // nothing but whitespace since the last call
};

}  // namespace sluice::text

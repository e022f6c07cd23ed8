#include "text/tool_call.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "text/value.h"

namespace sluice::text {
namespace {

constexpr std::string_view kThink = "<think>", kThinkEnd = "</think>";
constexpr std::string_view kCall = "<tool_call>", kCallEnd = "</tool_call>";
constexpr std::string_view kFunction = "<function=", kFunctionEnd = "</function>";
constexpr std::string_view kParameter = "<parameter=", kParameterEnd = "</parameter>";
constexpr std::string_view kSpace = " \t\n\r\f\v";

std::string_view trim(std::string_view s) {
  const size_t begin = s.find_first_not_of(kSpace);
  return begin == s.npos ? std::string_view() : s.substr(begin, s.find_last_not_of(kSpace) - begin + 1);
}

std::string_view without_outer_newlines(std::string_view s) {
  if (s.starts_with('\n')) s.remove_prefix(1);
  if (s.ends_with('\n')) s.remove_suffix(1);
  return s;
}

// A place in the text that only moves forward.
class Cursor {
 public:
  Cursor(std::string_view text, size_t at) : text_(text), at_(at) {}

  size_t at() const { return at_; }
  bool done() const { return at_ == text_.size(); }
  bool next_is(char c) const { return !done() && text_[at_] == c; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }
  bool take(std::string_view tag) {
    if (!text_.substr(at_).starts_with(tag)) return false;
    at_ += tag.size();
    return true;
  }
  // The rest of an opening tag: a name on one line and its '>'.
  std::optional<std::string> take_name() {
    const size_t end = text_.find_first_of(">\n<", at_);
    if (end == text_.npos || text_[end] != '>') return std::nullopt;
    const std::string_view name = trim(text_.substr(at_, end - at_));
    if (name.empty()) return std::nullopt;
    at_ = end + 1;
    return std::string(name);
  }

  // Up to </parameter>, which is taken. Where that is missing, up to the end of the call or of the text.
  std::string_view take_value(bool& closed) {
    const size_t from = at_;
    for (; (at_ = std::min(text_.find("</", at_), text_.size())) < text_.size(); ++at_) {
      const size_t end = at_;
      closed = take(kParameterEnd);
      if (closed || ends_call()) return text_.substr(from, end - from);
    }
    return text_.substr(from);
  }

  // From '{' past its '}', strings respected; empty when it does not end. Gives up at the first byte that JSON cannot
  // have there, so that broken calls one after another stay cheap and a later good one is still found.
  std::string_view take_object() {
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = at_; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') {
        in_string = !in_string;
      } else if (in_string) {
        if (c == '\n') break;
        if (c == '\\') ++i;
      } else if (c == '<' || c == '\\') {
        break;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        const size_t from = std::exchange(at_, i + 1);
        return text_.substr(from, at_ - from);
      }
    }
    return {};
  }

 private:
  // </function> and </tool_call> stand here. Takes nothing.
  bool ends_call() const {
    Cursor ahead = *this;
    if (!ahead.take(kFunctionEnd)) return false;
    ahead.skip_space();
    return ahead.take(kCallEnd);
  }

  std::string_view text_;
  size_t at_;
};

// What follows <tool_call>, with the end tags as far as they are there. nullopt: no call in this form.
std::optional<ToolCall> xml_call(Cursor& cursor) {
  if (!cursor.take(kFunction)) return std::nullopt;
  auto name = cursor.take_name();
  if (!name) return std::nullopt;
  ToolCall call{std::move(*name), {}};
  for (cursor.skip_space(); cursor.take(kParameter); cursor.skip_space()) {
    auto key = cursor.take_name();
    if (!key) {
      call.complete = false;
      return call;
    }
    bool closed = false;
    const std::string_view value = without_outer_newlines(cursor.take_value(closed));
    call.arguments.emplace_back(std::move(*key), value);
    call.complete = call.complete && closed;
  }
  const bool function_closed = cursor.take(kFunctionEnd);
  cursor.skip_space();
  const bool call_closed = cursor.take(kCallEnd);
  call.complete = call.complete && function_closed && call_closed;
  return call;
}

std::string raw_value(const Value& value) {
  return value.is_string() ? value.as_text().bytes() : to_json(value);
}

// Some models put the arguments' JSON into a string.
bool read_arguments(const Value& value, ToolCall& call) {
  Value arguments = value;
  if (value.is_string()) {
    auto inner = parse_json(value.as_text().view());
    if (!inner.ok()) return false;
    arguments = *inner;
  }
  if (!arguments.is_map()) return false;
  for (const auto& entry : arguments.as_map().entries) {
    call.arguments.emplace_back(entry.key.as_text().bytes(), raw_value(entry.value));
  }
  return true;
}

std::optional<ToolCall> json_call(Cursor& cursor) {
  if (!cursor.next_is('{')) return std::nullopt;
  const auto parsed = parse_json(cursor.take_object());
  if (!parsed.ok() || !parsed.value().is_map()) return std::nullopt;
  const Value *name = parsed.value().find("name"), *arguments = parsed.value().find("arguments");
  if (name == nullptr || !name->is_string()) return std::nullopt;
  ToolCall call{name->as_text().bytes(), {}};
  if (arguments != nullptr && !arguments->is_none() && !read_arguments(*arguments, call)) return std::nullopt;
  cursor.skip_space();
  call.complete = cursor.take(kCallEnd);
  return call;
}

// Cuts the reasoning off; what is left is content.
std::string_view take_reasoning(std::string_view text, bool in_reasoning, ParsedOutput& out) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin != text.npos && text.substr(begin).starts_with(kThink)) {
    text.remove_prefix(begin + kThink.size());
  } else if (!in_reasoning) {
    return text;
  }
  const size_t end = text.find(kThinkEnd);
  out.reasoning = trim(text.substr(0, end));
  out.well_formed = end != text.npos;
  if (!out.well_formed) return {};
  text.remove_prefix(end + kThinkEnd.size());
  return text.substr(std::min(text.find_first_not_of('\n'), text.size()));
}

// Ordinary text around calls; what separates it from them is dropped.
void add_content(std::string_view text, bool after_call, std::string& content) {
  const size_t end = text.find_last_not_of(kSpace);
  if (end == text.npos) return;
  text = text.substr(0, end + 1);
  if (after_call && !content.empty()) content += '\n';
  content += after_call ? trim(text) : text;
}

}  // namespace

std::optional<ToolCall> parse_call(std::string_view text, size_t& at) {
  Cursor cursor(text, at);
  cursor.skip_space();
  auto call = cursor.next_is('{') ? json_call(cursor) : xml_call(cursor);
  at = cursor.at();
  return call;
}

ParsedOutput parse_output(std::string_view text, bool in_reasoning) {
  ParsedOutput out;
  text = take_reasoning(text, in_reasoning, out);
  size_t from = 0;  // where text begins that is in no call
  for (size_t at = 0; (at = text.find(kCall, at)) != text.npos;) {
    const size_t begin = std::exchange(at, at + kCall.size());
    auto call = parse_call(text, at);
    if (!call) {
      out.well_formed = false;
      continue;
    }
    add_content(text.substr(from, begin - from), !out.calls.empty(), out.content);
    out.well_formed = out.well_formed && call->complete;
    out.calls.push_back(std::move(*call));
    from = at;
  }
  if (out.calls.empty()) {
    out.content = text;
  } else {
    add_content(text.substr(from), true, out.content);
  }
  return out;
}

}  // namespace sluice::text

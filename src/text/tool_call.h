// A model's answer taken apart: reasoning, ordinary text, tool calls. Two forms of call are read, both between
// <tool_call> and </tool_call>, several in a row:
//   XML (Qwen3.5, Qwen3-Coder)   <function=NAME> <parameter=KEY>\nVALUE\n</parameter> ... </function>
//   JSON (Hermes, Qwen3)         {"name": NAME, "arguments": {KEY: VALUE, ...}}
// Any bytes are accepted: what cannot be read as a call stays in the content, and well_formed says that it happened.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::text {

struct ToolCall {
  std::string name;
  // In the order written. A value is the raw text: in the XML form what stands between the tags less exactly one
  // newline at each end, in the JSON form a string's text or else the JSON of the value. Types come from the tool's
  // schema.
  std::vector<std::pair<std::string, std::string>> arguments;
  bool complete = true;  // false: an end tag is missing, so the last argument may be cut short and others may be absent
};

struct ParsedOutput {
  std::string reasoning;  // outer whitespace removed
  std::string content;    // exactly as written when there are no calls, but for newlines after </think>; else without the
                          // whitespace around calls, a newline between the pieces
  std::vector<ToolCall> calls;
  bool well_formed = true;  // false: the reasoning or a call is not closed, or a call cannot be read
};

// `in_reasoning`: the prompt ended inside <think>, so the text begins as reasoning. A text that itself begins with
// <think> (after whitespace) begins as reasoning too. Linear time.
ParsedOutput parse_output(std::string_view text, bool in_reasoning);

// One call, from the byte after <tool_call>; `at` moves past what was read of it. nullopt: no call in either form.
std::optional<ToolCall> parse_call(std::string_view text, size_t& at);

}  // namespace sluice::text

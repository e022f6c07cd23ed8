// Chat templates: the Jinja2 programs inside model files that turn a conversation into the text a model was trained on.
// A subset of Jinja2 3.1 under Hugging Face's settings (trim_blocks, lstrip_blocks, loop controls, tojson that neither
// escapes nor sorts); docs: transformers' chat_template_utils. What is rendered says of every byte whether it is the
// template's own markup, which may become control tokens, or content, which never does.
//
// Differences from Hugging Face, on purpose: list.append and its like work (their sandbox forbids them), from_json
// exists, integers have 64 bits, `safe` marks nothing, undefined filters and tests are errors even where they are never
// reached.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/segment.h"
#include "text/value.h"

namespace sluice::text {

struct ChatInput {
  Value messages = Value::list();  // list of maps: role, content, tool_calls ...
  Value tools;                     // list of maps, or none
  bool add_generation_prompt = true;
  Value extra = Value::map();        // more variables by name: enable_thinking, documents ...
  std::string bos_token, eos_token;  // markup
  std::optional<std::tm> now;        // for strftime_now; without it a template that asks for the date fails
  uint64_t max_steps = 10'000'000;   // of evaluation; a second or two of work
};

class ChatTemplate {
 public:
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Errors: corrupt (malformed), unsupported (a tag, filter or test that is not known here), over_budget (too large,
  // nested too deeply); all name the template's line.
  static Result<ChatTemplate> parse(std::string_view source);

  // Immutable: any number of threads may render at once, if their inputs share no containers. The input is not changed
  // and not normalised (see normalize_messages). Errors: invalid (the template refuses the conversation or misuses a
  // value), over_budget (too much work, text or depth), unsupported; all name the template's line.
  Result<std::vector<Segment>> render(const ChatInput& input) const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

// {"role": role, "content": content}, the text all content.
Value chat_message(std::string_view role, std::string_view content);

// A copy of the messages in which every tool call's `arguments` that is a string of JSON has become the object it
// denotes, as most templates require and OpenAI clients do not send. An empty string becomes an empty object; what is
// not JSON for an object stays as it is. Callers of render decide: servers call it, comparisons with transformers do
// not.
// Errors: invalid (no list), unsupported (an image or another part that is not text, with the message's index).
Result<Value> normalize_messages(const Value& messages);

// All text, origins dropped.
std::string joined(std::span<const Segment> segments);

}  // namespace sluice::text

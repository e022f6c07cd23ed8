// Fields that OpenAI's interfaces have in common.
#pragma once

#include <functional>
#include <set>

#include "serve/requests/fields.h"
#include "serve/requests/generation_request.h"

namespace sluice::serve {

// temperature, top_p, top_k, min_p, penalties, seed, n, stop, stream, stream_options, model, and what is only kept in
// OpenAI's records.
void read_openai_sampling(Fields& fields, GenerationRequest& request);
void read_stop(Fields& fields, std::string_view name, GenerationRequest& request);
// enable_thinking, thinking_budget, chat_template_kwargs, reasoning_effort.
void read_thinking(Fields& fields, GenerationRequest& request);
// The effort's name as a switch and a budget (docs/serve.md).
void set_effort(std::string_view effort, GenerationRequest& request);

// Text of a message: a string, or a list of parts whose `type` is one of `types`. A part of another type is refused.
std::string read_text_parts(Fields& fields, std::string_view name, std::initializer_list<std::string_view> types);

// [{"type": "function", "function": {...}}]
void read_openai_tools(Fields& fields, GenerationRequest& request);
void read_openai_tool_choice(Fields& fields, GenerationRequest& request);

// The tools of one request, of any dialect: no two have one name.
class Tools {
 public:
  explicit Tools(GenerationRequest& request) : request_(request) {}
  // Checks name and parameters of one function and adds it in OpenAI's form.
  void add(Fields& function, std::string_view parameters);

 private:
  GenerationRequest& request_;
  std::set<std::string, std::less<>> names_;
};

// Has `read` look at each object of the list "tools", at most 1024 of them; `where` for errors: "tools[3].".
void each_tool(Fields& fields, const std::function<void(Fields& tool, const std::string& where)>& read);

// System messages as they come. Templates know one: those before the conversation become one message at its begin.
class SystemMessages {
 public:
  explicit SystemMessages(const text::Value& messages) : messages_(messages) {}
  void add(std::string_view content);
  // Call it once, when all messages are there.
  void finish() const;

 private:
  const text::Value messages_;
  std::string opening_;
  bool opened_ = false;
};

// {"role": role, "content": content}
text::Value message_of(std::string_view role, std::string_view content);
// One call of a message in the history; `arguments` is the JSON of an object.
std::optional<text::Value> call_of(Fields& fields, const std::string& id, const std::string& name, const std::string& arguments);

}  // namespace sluice::serve

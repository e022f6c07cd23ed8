#include "serve/requests/responses_request.h"

#include <fmt/format.h>

#include "serve/requests/fields.h"
#include "serve/requests/openai_fields.h"
#include "text/quote.h"

namespace sluice::serve {
namespace {

using text::Value;

// The assistant's last message, to which reasoning and calls belong that stand beside it; a new one where there is none.
Value assistant_of(const Value& messages) {
  const auto& items = messages.as_list().items;
  if (items.empty() || items.back().find("role")->as_text().view() != "assistant") messages.push(message_of("assistant", ""));
  return items.back();
}

void add_role_message(Fields& m, const Value& messages, SystemMessages& system) {
  std::string role = m.one_of("role", {"system", "developer", "user", "assistant"});
  if (role.empty()) m.wrong("role", "must be system, developer, user or assistant");
  if (role == "developer") role = "system";
  const std::string content = read_text_parts(m, "content", {"input_text", "output_text", "text"});
  m.accept({"phase"});
  auto& items = messages.as_list().items;
  const Value* last = items.empty() ? nullptr : items.back().find("role");
  if (role == "system") {
    system.add(content);
  } else if (role == "assistant" && last != nullptr && last->as_text().view() == "assistant" && items.back().find("content")->as_text().empty()) {
    items.back().set("content", Value::string(content));
  } else {
    messages.push(message_of(role, content));
  }
}

void add_reasoning(Fields& m, const Value& messages) {
  std::string all = read_text_parts(m, "content", {"reasoning_text"});
  m.accept({"summary"});
  m.refuse("encrypted_content", "reasoning is not encrypted here");
  messages.push(message_of("assistant", ""));
  if (!all.empty()) messages.as_list().items.back().set("reasoning_content", Value::string(all));
}

void add_call(Fields& m, const Value& messages) {
  const std::string id = m.string("call_id").value_or(""), name = m.string("name").value_or("");
  if (name.empty()) m.wrong("name", "must be a text");
  const auto call = call_of(m, id, name, m.string("arguments").value_or(""));
  if (!call) return;
  const Value message = assistant_of(messages);
  if (message.find("tool_calls") == nullptr) message.set("tool_calls", Value::list());
  message.find("tool_calls")->push(*call);
}

void add_item(const Value& item, size_t index, Fields& f, const Value& messages, SystemMessages& system) {
  const std::string where = fmt::format("input[{}]", index);
  if (!item.is_map()) return f.wrong(where, "must be an object");
  Fields m(item, where + ".");
  const std::string type = m.string("type").value_or("message");
  m.accept({"id", "status"});
  if (type == "message") {
    add_role_message(m, messages, system);
  } else if (type == "function_call") {
    add_call(m, messages);
  } else if (type == "function_call_output") {
    const Value result = message_of("tool", read_text_parts(m, "output", {"input_text", "output_text", "text"}));
    result.set("tool_call_id", Value::string(m.string("call_id").value_or("")));
    messages.push(result);
  } else if (type == "reasoning") {
    add_reasoning(m, messages);
  } else {
    m.wrong("type", fmt::format("{} does not work; messages, function calls and their outputs, and reasoning do", text::quote_text(type)), Code::unsupported);
  }
  if (Status s = m.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
}

void read_input(Fields& f, GenerationRequest& r) {
  const std::string instructions = f.string("instructions").value_or("");
  SystemMessages system(r.messages);
  if (!instructions.empty()) system.add(instructions);
  const Value* input = f.any("input");
  if (input != nullptr && input->is_string()) {
    r.messages.push(message_of("user", input->as_text().bytes()));
  } else if (input != nullptr && input->is_list() && !input->as_list().items.empty()) {
    for (size_t i = 0; f.good() && i < input->as_list().items.size(); ++i) add_item(input->as_list().items[i], i, f, r.messages, system);
  } else {
    f.wrong("input", "must be a text or a list of items");
  }
  system.finish();
}

void read_tools(Fields& f, GenerationRequest& r) {
  Tools tools(r);
  each_tool(f, [&](Fields& t, const std::string&) {
    if (const auto type = t.string("type"); type != "function") t.wrong("type", "only \"function\" works", Code::unsupported);
    r.strict_tools |= t.boolean("strict").value_or(false);
    tools.add(t, "parameters");
  });
  read_openai_tool_choice(f, r);
}

void read_format(Fields& f, GenerationRequest& r) {
  const Value* words = f.map("text");
  if (words == nullptr) return;
  Fields t(*words, "text.");
  if (const auto verbosity = t.string("verbosity"); verbosity && *verbosity != "medium") t.wrong("verbosity", "there is no such switch", Code::unsupported);
  if (const Value* format = t.map("format")) {
    Fields inner(*format, "text.format.");
    const std::string type = inner.one_of("type", {"text", "json_object", "json_schema"});
    if (type == "json_object") r.format.kind = AnswerFormat::Kind::json_object;
    if (type == "json_schema") {
      r.format.kind = AnswerFormat::Kind::json_schema;
      const Value* schema = inner.map("schema");
      if (schema == nullptr) inner.wrong("schema", "must be an object");
      if (schema != nullptr) r.format.schema = *schema;
      inner.accept({"name", "description", "strict"});
    }
    if (Status s = inner.finish(); !s.ok()) t.wrong("", s.error().message, s.error().code);
  }
  if (Status s = t.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
}

void refuse_the_rest(Fields& f, GenerationRequest& r) {
  if (const Value* reasoning = f.map("reasoning")) {
    Fields inner(*reasoning, "reasoning.");
    set_effort(inner.one_of("effort", {"none", "minimal", "low", "medium", "high", "xhigh"}), r);
    inner.accept({"summary", "generate_summary"});  // the reasoning itself is given
    if (Status s = inner.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
  }
  f.refuse("previous_response_id", "answers are not kept here; send the whole conversation as input");
  f.refuse("conversation", "conversations are not kept here; send the whole of it as input");
  f.refuse("background", "answers are given at once");
  f.refuse("prompt", "there are no stored prompts here");
  f.refuse("include", "nothing can be added to an answer; log probabilities come by top_logprobs");
  if (const auto word = f.string("truncation"); word && *word != "disabled") f.wrong("truncation", "a conversation that is too long is refused", Code::unsupported);
  if (f.any("max_tool_calls") != nullptr) f.wrong("max_tool_calls", "there are no tools of the server's own", Code::unsupported);
}

}  // namespace

Result<GenerationRequest> parse_responses(std::string_view body) {
  SLUICE_TRY(const Value parsed, parse_body(body));
  GenerationRequest r;
  r.body_bytes = body.size();
  Fields f(parsed);
  r.messages = Value::list();
  read_input(f, r);
  read_openai_sampling(f, r);
  r.max_tokens = f.integer("max_output_tokens", 0, INT64_MAX);
  if (const auto top = f.integer("top_logprobs", 0, 20)) r.top_chances = static_cast<int32_t>(*top);
  read_tools(f, r);
  read_format(f, r);
  refuse_the_rest(f, r);
  SLUICE_TRY_VOID(f.finish());
  return r;
}

}  // namespace sluice::serve

#include "serve/requests/openai_chat_request.h"

#include <fmt/format.h>

#include "serve/requests/fields.h"
#include "serve/requests/openai_fields.h"

namespace sluice::serve {
namespace {

using text::Value;

void read_calls(Fields& message, const std::string& where, const Value& out) {
  const Value* calls = message.list("tool_calls");
  if (calls == nullptr || calls->as_list().items.empty()) return;
  const Value list = Value::list();
  for (size_t i = 0; message.good() && i < calls->as_list().items.size(); ++i) {
    const Value& call = calls->as_list().items[i];
    const Value* function = call.is_map() ? call.find("function") : nullptr;
    if (function == nullptr || !function->is_map()) return message.wrong("tool_calls", fmt::format("{}: must have a function", i));
    Fields outer(call, fmt::format("{}tool_calls[{}].", where, i));
    Fields inner(*function, fmt::format("{}tool_calls[{}].function.", where, i));
    outer.accept({"type", "index", "function"});
    inner.accept({"parsed_arguments"});  // the openai package adds it to answers, which come back as history
    const std::string id = outer.string("id").value_or("");
    const auto name = inner.string("name");
    if (!name || name->empty()) inner.wrong("name", "must be a text");
    const std::string arguments = inner.string("arguments").value_or("");
    if (auto made = call_of(inner, id, name.value_or(""), arguments)) list.push(*made);
    for (Fields* each : {&outer, &inner}) {
      if (Status s = each->finish(); !s.ok()) message.wrong("", s.error().message, s.error().code);
    }
  }
  out.set("tool_calls", list);
}

void add_message(const Value& message, size_t index, Fields& f, const Value& messages, SystemMessages& system) {
  if (!message.is_map()) return f.wrong(fmt::format("messages[{}]", index), "must be an object");
  const std::string where = fmt::format("messages[{}].", index);
  Fields m(message, where);
  std::string role = m.one_of("role", {"system", "developer", "user", "assistant", "tool"});
  if (role.empty()) m.wrong("role", "must be system, developer, user, assistant or tool");
  if (role == "developer") role = "system";
  const Value out = message_of(role, read_text_parts(m, "content", {"text"}));
  m.accept({"name"});
  if (role == "assistant") {
    if (const auto reasoning = m.string("reasoning_content")) out.set("reasoning_content", Value::string(*reasoning));
    read_calls(m, where, out);
    m.refuse("audio", "only text works");
    m.refuse("function_call", "send tool_calls");
    m.accept({"refusal", "annotations", "parsed"});
  } else if (role == "tool") {
    if (const auto id = m.string("tool_call_id")) out.set("tool_call_id", Value::string(*id));
  }
  if (Status s = m.finish(); !s.ok()) return f.wrong("", s.error().message, s.error().code);
  if (role == "system") {
    system.add(out.find("content")->as_text().view());
  } else {
    messages.push(out);
  }
}

void read_format(Fields& f, GenerationRequest& r) {
  const Value* format = f.map("response_format");
  if (format == nullptr) return;
  Fields inner(*format, "response_format.");
  const std::string type = inner.one_of("type", {"text", "json_object", "json_schema"});
  if (type == "json_object") r.format.kind = AnswerFormat::Kind::json_object;
  if (type == "json_schema") {
    r.format.kind = AnswerFormat::Kind::json_schema;
    const Value* named = inner.map("json_schema");
    const Value* schema = named != nullptr ? named->find("schema") : nullptr;
    if (schema == nullptr || !schema->is_map()) {
      inner.wrong("json_schema", "must have a schema");
    } else {
      r.format.schema = *schema;
    }
  }
  if (Status s = inner.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
}

void read_logprobs(Fields& f, GenerationRequest& r) {
  const bool wanted = f.boolean("logprobs").value_or(false);
  const auto top = f.integer("top_logprobs", 0, 20);
  if (top && !wanted) f.wrong("top_logprobs", "only with logprobs");
  if (wanted) r.top_chances = static_cast<int32_t>(top.value_or(0));
}

// What changes the answer and is not there.
void refuse_the_rest(Fields& f) {
  f.refuse("functions", "send tools");
  f.refuse("function_call", "send tool_choice");
  f.refuse("audio", "only text works");
  f.refuse("web_search_options", "there is no web search here");
  if (const auto word = f.string("verbosity"); word && *word != "medium") f.wrong("verbosity", "there is no such switch", Code::unsupported);
  if (const Value* kinds = f.list("modalities")) {
    const auto& items = kinds->as_list().items;
    if (items.size() != 1 || !items[0].is_string() || items[0].as_text().view() != "text") f.wrong("modalities", "only text works", Code::unsupported);
  }
  f.accept({"prediction"});  // a guess that may make the answer faster, and changes nothing
}

}  // namespace

Result<GenerationRequest> parse_openai_chat(std::string_view body) {
  SLUICE_TRY(const Value parsed, parse_body(body));
  GenerationRequest r;
  r.body_bytes = body.size();
  Fields f(parsed);
  r.messages = Value::list();
  const Value* messages = f.list("messages");
  if (messages == nullptr || messages->as_list().items.empty()) f.wrong("messages", "must be a list of at least one message");
  SystemMessages system(r.messages);
  for (size_t i = 0; f.good() && i < messages->as_list().items.size(); ++i) {
    add_message(messages->as_list().items[i], i, f, r.messages, system);
  }
  system.finish();
  read_openai_sampling(f, r);
  r.max_tokens = f.integer("max_tokens", 0, INT64_MAX);
  if (const auto most = f.integer("max_completion_tokens", 0, INT64_MAX)) r.max_tokens = most;
  read_logprobs(f, r);
  read_openai_tools(f, r);
  read_openai_tool_choice(f, r);
  read_format(f, r);
  read_thinking(f, r);
  refuse_the_rest(f);
  SLUICE_TRY_VOID(f.finish());
  return r;
}

}  // namespace sluice::serve

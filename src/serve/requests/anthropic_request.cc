#include "serve/requests/anthropic_request.h"

#include <fmt/format.h>

#include "serve/requests/fields.h"
#include "serve/requests/openai_fields.h"
#include "text/quote.h"

namespace sluice::serve {
namespace {

using text::Value;

// The blocks of one message, gathered: a message of the assistant becomes one of ours; one of the user first the results
// of tools, then what the user says.
struct Gathered {
  std::string text, reasoning;
  Value calls = Value::list(), results = Value::list();
};

void read_block(const Value& block, const std::string& where, bool assistant, Fields& f, Gathered& out) {
  if (!block.is_map()) return f.wrong("", where + ": must be an object");
  Fields b(block, where + ".");
  const std::string type = b.string("type").value_or("");
  b.accept({"cache_control", "citations"});
  if (type == "text") {
    out.text += b.string("text").value_or("");
  } else if (type == "tool_use" && assistant) {
    const std::string id = b.string("id").value_or(""), name = b.string("name").value_or("");
    const Value* input = b.map("input");
    if (name.empty()) b.wrong("name", "must be a text");
    const Value function = Value::map({{"name", Value::string(name)}, {"arguments", input != nullptr ? *input : Value::map()}});
    out.calls.push(Value::map({{"id", Value::string(id)}, {"type", Value::string("function")}, {"function", function}}));
  } else if (type == "thinking" && assistant) {
    out.reasoning += b.string("thinking").value_or("");
    b.accept({"signature"});
  } else if (type == "tool_result" && !assistant) {
    const Value result = message_of("tool", read_text_parts(b, "content", {"text"}));
    result.set("tool_call_id", Value::string(b.string("tool_use_id").value_or("")));
    b.accept({"is_error"});  // the content says so
    out.results.push(result);
  } else {
    b.wrong("type", fmt::format("{} does not work in a message of this role; text, and tools, do", text::quote_text(type)), Code::unsupported);
  }
  if (Status s = b.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
}

void add_message(const Value& message, size_t index, Fields& f, const Value& messages) {
  const std::string where = fmt::format("messages[{}]", index);
  if (!message.is_map()) return f.wrong(where, "must be an object");
  Fields m(message, where + ".");
  const std::string role = m.one_of("role", {"user", "assistant"});
  if (role.empty()) m.wrong("role", "must be user or assistant");
  Gathered g;
  const Value* content = m.any("content");
  if (content != nullptr && content->is_string()) {
    g.text = content->as_text().bytes();
  } else if (const Value* blocks = m.list("content")) {
    for (size_t i = 0; m.good() && i < blocks->as_list().items.size(); ++i) {
      read_block(blocks->as_list().items[i], fmt::format("{}.content[{}]", where, i), role == "assistant", m, g);
    }
  } else {
    m.wrong("content", "must be a text or a list of blocks");
  }
  if (Status s = m.finish(); !s.ok()) return f.wrong("", s.error().message, s.error().code);
  for (const Value& result : g.results.as_list().items) messages.push(result);
  if (role == "user" && g.text.empty() && !g.results.as_list().items.empty()) return;
  const Value out = message_of(role, g.text);
  if (!g.reasoning.empty()) out.set("reasoning_content", Value::string(g.reasoning));
  if (!g.calls.as_list().items.empty()) out.set("tool_calls", g.calls);
  messages.push(out);
}

void read_tools(Fields& f, GenerationRequest& r) {
  Tools tools(r);
  each_tool(f, [&](Fields& t, const std::string&) {
    if (const auto type = t.string("type"); type && *type != "custom") t.wrong("type", "only tools of your own work", Code::unsupported);
    t.accept({"cache_control"});
    tools.add(t, "input_schema");
  });
  const Value* choice = f.map("tool_choice");
  if (choice == nullptr) return;
  Fields c(*choice, "tool_choice.");
  const std::string type = c.one_of("type", {"auto", "any", "tool", "none"});
  if (type == "any") r.tool_choice.kind = ToolChoice::Kind::required;
  if (type == "none") r.tool_choice.kind = ToolChoice::Kind::none;
  if (type == "tool") r.tool_choice = {ToolChoice::Kind::named, c.string("name").value_or("")};
  r.parallel_tool_calls = !c.boolean("disable_parallel_tool_use").value_or(false);
  if (Status s = c.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
}

void read_thinking_switch(Fields& f, GenerationRequest& r) {
  r.think_by_default = false;  // as with Anthropic: it is off where nobody asks
  const Value* thinking = f.map("thinking");
  if (thinking == nullptr) return;
  Fields t(*thinking, "thinking.");
  const std::string type = t.one_of("type", {"enabled", "disabled", "adaptive"});
  if (type.empty()) t.wrong("type", "must be enabled, disabled or adaptive");
  r.thinking = type != "disabled";
  if (const auto budget = t.integer("budget_tokens", 0, INT64_MAX)) r.thinking_budget = budget;
  t.accept({"display"});
  if (Status s = t.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
}

void read_sampling(Fields& f, GenerationRequest& r) {
  r.model = f.string("model").value_or("");
  r.max_tokens = f.integer("max_tokens", 1, INT64_MAX);
  if (!r.max_tokens) f.wrong("max_tokens", "must be there");
  r.sampling.temperature = f.number("temperature", 0, 1);
  r.sampling.top_p = f.number("top_p", 0, 1);
  r.sampling.top_k = f.integer("top_k", 0, INT32_MAX);
  read_stop(f, "stop_sequences", r);
  r.stream = f.boolean("stream").value_or(false);
  f.accept({"metadata", "service_tier"});
}

}  // namespace

Result<GenerationRequest> parse_anthropic(std::string_view body) {
  SLUICE_TRY(const Value parsed, parse_body(body));
  GenerationRequest r;
  r.body_bytes = body.size();
  Fields f(parsed);
  r.messages = Value::list();
  const std::string system = read_text_parts(f, "system", {"text"});
  if (!system.empty()) r.messages.push(message_of("system", system));
  const Value* messages = f.list("messages");
  if (messages == nullptr || messages->as_list().items.empty()) f.wrong("messages", "must be a list of at least one message");
  for (size_t i = 0; f.good() && i < messages->as_list().items.size(); ++i) add_message(messages->as_list().items[i], i, f, r.messages);
  if (f.good() && r.messages.as_list().items.back().find("role")->as_text().view() == "assistant") {
    f.wrong("messages", "the last message must be the user's: an answer that was begun cannot be continued", Code::unsupported);
  }
  read_sampling(f, r);
  read_tools(f, r);
  read_thinking_switch(f, r);
  SLUICE_TRY_VOID(f.finish());
  return r;
}

}  // namespace sluice::serve

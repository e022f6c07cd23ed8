#include "text/chat_template.h"

#include "text/template_interpreter.h"
#include "text/template_operators.h"
#include "text/template_parser.h"

namespace sluice::text {

struct ChatTemplate::Program {
  ast::Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  SLUICE_TRY(ast::Body body, parse_template(source));
  return ChatTemplate(std::make_unique<const Program>(Program{std::move(body)}));
}

Result<std::vector<Segment>> ChatTemplate::render(const ChatInput& input) const {
  if (!input.extra.is_map()) return Error{Code::invalid, "chat input: extra must be a map of variables"};
  Runtime runtime(input.now, input.max_steps);
  const ScopePtr root = std::make_shared<Scope>();
  SLUICE_TRY(root->values["messages"], runtime.adopt(input.messages));
  SLUICE_TRY(root->values["tools"], runtime.adopt(input.tools));
  root->values["documents"] = Value();
  root->values["add_generation_prompt"] = Value::boolean(input.add_generation_prompt);
  root->values["bos_token"] = Value::string(input.bos_token, Origin::markup);
  root->values["eos_token"] = Value::string(input.eos_token, Origin::markup);
  for (const Map::Entry& entry : input.extra.as_map().entries) {
    if (!entry.key.is_string()) return Error{Code::invalid, "chat input: extra has a name that is not a string"};
    SLUICE_TRY(root->values[entry.key.as_text().view()], runtime.adopt(entry.value));
  }
  Interpreter interpreter(runtime);
  SLUICE_TRY(const Text text, interpreter.render(program_->body, root));
  return text.segments();
}

Value chat_message(std::string_view role, std::string_view content) {
  return Value::map({{"role", Value::string(role)}, {"content", Value::string(content)}});
}

namespace {

// The map, with the entry of that key replaced.
Value with_entry(const Value& map, std::string_view key, Value value) {
  auto copy = std::make_shared<Map>(map.as_map());
  copy->set_id(Map::string_id(key), Value::string(key), std::move(value));
  return Value::of(std::move(copy));
}

Value with_parsed_arguments(const Value& function) {
  const Value* arguments = function.is_map() ? function.find("arguments") : nullptr;
  if (arguments == nullptr || !arguments->is_string()) return function;
  const std::string& source = arguments->as_text().bytes();
  if (source.find_first_not_of(" \t\r\n") == std::string::npos) return with_entry(function, "arguments", Value::map());
  Result<Value> parsed = parse_json(source);
  if (!parsed.ok() || !parsed->is_map()) return function;
  return with_entry(function, "arguments", std::move(*parsed));
}

Value with_normal_calls(const Value& message) {
  const Value* calls = message.is_map() ? message.find("tool_calls") : nullptr;
  if (calls == nullptr || !calls->is_list()) return message;
  const Value out = Value::list();
  for (const Value& call : calls->as_list().items) {
    const Value* function = call.is_map() ? call.find("function") : nullptr;
    out.push(function == nullptr ? with_parsed_arguments(call)
                                 : with_entry(call, "function", with_parsed_arguments(*function)));
  }
  return with_entry(message, "tool_calls", out);
}

// Content may be a list of parts; a part that is not text would be rendered as a placeholder that nothing fills.
Status check_parts(const Value& message, size_t index) {
  const Value* content = message.is_map() ? message.find("content") : nullptr;
  if (content == nullptr || !content->is_list()) return {};
  for (const Value& part : content->as_list().items) {
    const Value* type = part.is_map() ? part.find("type") : nullptr;
    if (type == nullptr || !type->is_string() || type->as_text().view() == "text") continue;
    return Error{Code::unsupported, "message " + std::to_string(index) + ": a part of type \"" + type->as_text().bytes() +
                                        "\"; only text works"};
  }
  return {};
}

}  // namespace

Result<Value> normalize_messages(const Value& messages) {
  if (!messages.is_list()) {
    return Error{Code::invalid, "messages must be a list, not '" + std::string(type_name(messages)) + "'"};
  }
  const Value out = Value::list();
  for (const Value& message : messages.as_list().items) {
    SLUICE_TRY_VOID(check_parts(message, out.as_list().items.size()));
    out.push(with_normal_calls(message));
  }
  return out;
}

std::string joined(std::span<const Segment> segments) {
  std::string out;
  for (const Segment& segment : segments) out += segment.text;
  return out;
}

}  // namespace sluice::text

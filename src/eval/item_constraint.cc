#include "eval/item_constraint.h"

#include "eval/tasks.h"

namespace sluice::eval {
namespace {

using text::Value;

Value typed(std::string_view type) { return Value::map({{"type", Value::string(type)}}); }

}  // namespace

Value suggested_schema(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::map: {
      Value out = typed("object");
      const Value properties = Value::map(), required = Value::list();
      for (const auto& entry : value.as_map().entries) {
        properties.set(entry.key.as_text().view(), suggested_schema(entry.value));
        required.push(entry.key);
      }
      out.set("properties", properties);
      out.set("required", required);
      out.set("additionalProperties", Value::boolean(false));
      return out;
    }
    case Value::Kind::list: {
      Value out = typed("array");
      if (!value.as_list().items.empty()) out.set("items", suggested_schema(value.as_list().items[0]));
      return out;
    }
    case Value::Kind::string:
      return typed("string");
    case Value::Kind::boolean:
      return typed("boolean");
    case Value::Kind::integer:
    case Value::Kind::big_integer:
      return typed("integer");
    case Value::Kind::real:
      return typed("number");
    default:
      return typed("null");
  }
}

Result<ItemConstraints> ItemConstraints::of(const Engine& engine) {
  SLUICE_TRY(auto trie, text::make_token_trie(*engine.tokenizer(), engine.stop_tokens()));
  SLUICE_TRY(const text::ToolSyntax syntax, text::tool_syntax_of(*engine.chat_template()));
  return ItemConstraints(std::move(trie), syntax);
}

Result<std::shared_ptr<text::CompiledGrammar>> ItemConstraints::compile(const Item& item) const {
  if (item.task == "json") return text::compile_schema(trie_, suggested_schema(item.expect), {});
  return text::compile_tools(trie_, item.tools, {.syntax = syntax_, .choice = {.kind = text::ToolChoice::required}, .parallel = false});
}

Result<std::shared_ptr<Constraint>> ItemConstraints::make(const Item& item) {
  if (item.task != "json" && item.task != "tool_call") return std::shared_ptr<Constraint>();
  const std::string key = item.task + text::to_json(item.task == "json" ? suggested_schema(item.expect) : item.tools);
  auto& known = compiled_[key];
  if (known == nullptr) {
    SLUICE_TRY(known, compile(item));
  }
  return known->constraint();
}

}  // namespace sluice::eval

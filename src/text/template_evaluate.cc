// The expression half of the interpreter.
#include "text/template_interpreter.h"
#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_sequences.h"

namespace sluice::text {
namespace {

class GlobalFunction : public Object {
 public:
  GlobalFunction(Runtime& runtime, const Builtin& builtin) : runtime_(runtime), builtin_(builtin) {}
  std::string_view type_name() const override { return "function"; }
  Result<Value> call(Arguments args) override { return run_builtin(runtime_, builtin_, Value(), std::move(args)); }

 private:
  Runtime& runtime_;
  const Builtin& builtin_;
};

}  // namespace

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    const auto found = scope->values.find(name);
    if (found != scope->values.end()) return &found->second;
  }
  return nullptr;
}

Error Interpreter::at_line(uint32_t line, Error error) {
  if (located_) return error;
  located_ = true;
  return std::move(error).within("template line " + std::to_string(line));
}

Result<Value> Interpreter::evaluate(const ast::Expr& expr, const ScopePtr& scope) {
  const Status paid = runtime_.budget().step();
  if (!paid.ok()) return at_line(expr.line, paid.error());
  if (depth_ >= kMaxEvaluationDepth)
    return at_line(expr.line, {Code::over_budget, "macros or loops call each other too deeply"});
  ++depth_;
  Result<Value> value = std::visit([&](const auto& node) { return value_of(node, scope); }, expr.node);
  --depth_;
  if (!value.ok()) return at_line(expr.line, std::move(value).error());
  return value;
}

Result<Value> Interpreter::value_of(const ast::Name& name, const ScopePtr& scope) {
  if (const Value* value = scope->find(name.name)) return *value;
  if (const Builtin* global = find_builtin(global_functions(), name.name)) {
    return runtime_.object(std::make_unique<GlobalFunction>(runtime_, *global));
  }
  return Value::undefined("'" + name.name + "' is undefined");
}

Result<Value> Interpreter::value_of(const ast::Attribute& node, const ScopePtr& scope) {
  SLUICE_TRY(const Value object, evaluate(*node.object, scope));
  return attribute(runtime_, object, node.name);
}

Result<Value> Interpreter::value_of(const ast::Item& item, const ScopePtr& scope) {
  SLUICE_TRY(const Value object, evaluate(*item.object, scope));
  SLUICE_TRY(const Value key, evaluate(*item.key, scope));
  return subscript(runtime_, object, key);
}

Result<Value> Interpreter::value_of(const ast::Slice& node, const ScopePtr& scope) {
  SLUICE_TRY(const Value object, evaluate(*node.object, scope));
  Value bounds[3];
  const ast::ExprPtr* parts[3] = {&node.start, &node.stop, &node.step};
  for (int i = 0; i < 3; ++i) {
    if (*parts[i]) {
      SLUICE_TRY(bounds[i], evaluate(**parts[i], scope));
    }
  }
  return slice(runtime_, object, bounds[0], bounds[1], bounds[2]);
}

Result<Arguments> Interpreter::arguments_of(const ast::CallArguments& arguments, const ScopePtr& scope) {
  Arguments out;
  for (const ast::ExprPtr& argument : arguments.positional) {
    SLUICE_TRY(out.positional.emplace_back(), evaluate(*argument, scope));
  }
  for (const auto& [name, argument] : arguments.named) {
    SLUICE_TRY(Value value, evaluate(*argument, scope));
    out.named.emplace_back(name, std::move(value));
  }
  return out;
}

Result<Value> Interpreter::value_of(const ast::Call& node, const ScopePtr& scope) {
  return call(node, {}, scope);
}

// `extra` holds what a {% call %} block adds. Builtins are run without making a callable of them first.
Result<Value> Interpreter::call(const ast::Call& node, Arguments extra, const ScopePtr& scope) {
  Value self, callee;
  const Builtin* builtin = nullptr;
  if (const auto* member = std::get_if<ast::Attribute>(&node.callee->node)) {
    SLUICE_TRY(self, evaluate(*member->object, scope));
    builtin = find_method(self, member->name);
    if (builtin == nullptr) {
      SLUICE_TRY(callee, attribute(runtime_, self, member->name));
    }
  } else if (const auto* name = std::get_if<ast::Name>(&node.callee->node); name && !scope->find(name->name)) {
    builtin = find_builtin(global_functions(), name->name);
    if (builtin == nullptr) callee = Value::undefined("'" + name->name + "' is undefined");
  } else {
    SLUICE_TRY(callee, evaluate(*node.callee, scope));
  }
  SLUICE_TRY(Arguments arguments, arguments_of(node.arguments, scope));
  for (auto& named : extra.named) arguments.named.push_back(std::move(named));
  if (builtin != nullptr) return run_builtin(runtime_, *builtin, self, std::move(arguments));
  if (callee.is_undefined()) return Error{Code::invalid, callee.as_text().bytes()};
  if (!callee.is(Value::Kind::object)) {
    return Error{Code::invalid, "'" + std::string(type_name(callee)) + "' is not callable"};
  }
  return callee.as_object().call(std::move(arguments));
}

Result<Value> Interpreter::value_of(const ast::Filter& filter, const ScopePtr& scope) {
  Value object = block_text_;
  if (filter.object) {
    SLUICE_TRY(object, evaluate(*filter.object, scope));
  }
  SLUICE_TRY(Arguments arguments, arguments_of(filter.arguments, scope));
  return run_builtin(runtime_, *filter.filter, object, std::move(arguments));
}

Result<Value> Interpreter::value_of(const ast::Test& test, const ScopePtr& scope) {
  SLUICE_TRY(const Value object, evaluate(*test.object, scope));
  SLUICE_TRY(Arguments arguments, arguments_of(test.arguments, scope));
  return run_builtin(runtime_, *test.test, object, std::move(arguments));
}

Result<Value> Interpreter::value_of(const ast::Not& negation, const ScopePtr& scope) {
  SLUICE_TRY(const Value operand, evaluate(*negation.operand, scope));
  return Value::boolean(!truthy(operand));
}

Result<Value> Interpreter::value_of(const ast::Negative& negative, const ScopePtr& scope) {
  SLUICE_TRY(const Value operand, evaluate(*negative.operand, scope));
  SLUICE_TRY(const Value negated, negate(operand));
  if (negative.minus) return negated;
  return operand.is(Value::Kind::boolean) ? Value::integer(operand.as_integer()) : operand;
}

Result<Value> Interpreter::value_of(const ast::Chain& chain, const ScopePtr& scope) {
  SLUICE_TRY(Value left, evaluate(*chain.first, scope));
  for (const auto& [op, operand] : chain.rest) {
    SLUICE_TRY(const Value right, evaluate(*operand, scope));
    SLUICE_TRY(left, binary(runtime_, op, left, right));
  }
  return left;
}

Result<Value> Interpreter::value_of(const ast::Compare& node, const ScopePtr& scope) {
  SLUICE_TRY(Value left, evaluate(*node.first, scope));
  for (const auto& [op, operand] : node.rest) {
    SLUICE_TRY(Value right, evaluate(*operand, scope));
    SLUICE_TRY(const bool holds, compare(runtime_, op, left, right));
    if (!holds) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Result<Value> Interpreter::value_of(const ast::Logic& logic, const ScopePtr& scope) {
  Value value;
  for (const ast::ExprPtr& operand : logic.operands) {
    SLUICE_TRY(value, evaluate(*operand, scope));
    if (truthy(value) != logic.is_and) return value;
  }
  return value;
}

Result<Value> Interpreter::value_of(const ast::Conditional& node, const ScopePtr& scope) {
  SLUICE_TRY(const Value condition, evaluate(*node.condition, scope));
  if (truthy(condition)) return evaluate(*node.yes, scope);
  if (node.no) return evaluate(*node.no, scope);
  return Value::undefined("the inline if has no else and its condition is false");
}

Result<Value> Interpreter::value_of(const ast::ListLiteral& list, const ScopePtr& scope) {
  std::vector<Value> items;
  items.reserve(list.items.size());
  for (const ast::ExprPtr& item : list.items) {
    SLUICE_TRY(items.emplace_back(), evaluate(*item, scope));
  }
  return runtime_.list(std::move(items), list.is_tuple ? ListKind::tuple : ListKind::list);
}

Result<Value> Interpreter::value_of(const ast::MapLiteral& map, const ScopePtr& scope) {
  const Value out = runtime_.map();
  for (const auto& [key_expr, value_expr] : map.entries) {
    SLUICE_TRY(const Value key, evaluate(*key_expr, scope));
    SLUICE_TRY(Value value, evaluate(*value_expr, scope));
    SLUICE_TRY(std::string id, key_id(runtime_, key));
    runtime_.budget().note(sizeof(Map::Entry) + 2 * id.size());
    out.as_map().set_id(std::move(id), key, std::move(value));
  }
  return out;
}

}  // namespace sluice::text

// The statement half of the interpreter.
#include "text/template_interpreter.h"
#include "text/template_loop.h"
#include "text/template_macro.h"
#include "text/template_operators.h"
#include "text/template_print.h"

namespace sluice::text {
namespace {

ScopePtr scope_inside(const ScopePtr& parent) {
  return std::make_shared<Scope>(Scope{parent, {}});
}

}  // namespace

Result<Text> Interpreter::render(const ast::Body& body, const ScopePtr& root) {
  return capture(body, root);
}

Result<Text> Interpreter::capture(const ast::Body& body, const ScopePtr& scope) {
  Text text;
  Text* const outer = std::exchange(out_, &text);
  Result<Flow> flow = run(body, scope);
  out_ = outer;
  if (!flow.ok()) return std::move(flow).error();
  return text;
}

Result<Interpreter::Flow> Interpreter::run(const ast::Body& body, const ScopePtr& scope) {
  for (const ast::Statement& statement : body) {
    const Status paid = runtime_.budget().step();
    if (!paid.ok()) return at_line(statement.line, paid.error());
    if (depth_ >= kMaxEvaluationDepth) {
      return at_line(statement.line, {Code::over_budget, "macros or loops call each other too deeply"});
    }
    ++depth_;
    Result<Flow> flow = std::visit([&](const auto& node) { return execute(node, scope); }, statement.node);
    --depth_;
    if (!flow.ok()) return at_line(statement.line, std::move(flow).error());
    if (*flow != Flow::next) return *flow;
  }
  return Flow::next;
}

Status Interpreter::print(const Text& text) {
  SLUICE_TRY_VOID(runtime_.budget().reserve(out_->footprint() + text.footprint()));
  runtime_.budget().note(text.footprint());
  out_->append(text);
  return {};
}

Result<Interpreter::Flow> Interpreter::execute(const ast::Data& data, const ScopePtr&) {
  SLUICE_TRY_VOID(print(data.text.as_text()));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const ast::Print& node, const ScopePtr& scope) {
  SLUICE_TRY(const Value value, evaluate(*node.value, scope));
  SLUICE_TRY(const Text text, to_str(runtime_, value));
  SLUICE_TRY_VOID(print(text));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const ast::If& node, const ScopePtr& scope) {
  for (const ast::Branch& branch : node.branches) {
    SLUICE_TRY(const Value condition, evaluate(*branch.condition, scope));
    if (truthy(condition)) return run(branch.body, scope);
  }
  return run(node.otherwise, scope);
}

Status Interpreter::assign(const ast::Target& target, const Value& value, Scope& scope) {
  if (!target.parts.empty()) {
    SLUICE_TRY(const std::vector<Value> values, iterate(runtime_, value));
    if (values.size() != target.parts.size()) {
      return Error{Code::invalid, "cannot unpack " + std::to_string(values.size()) + " values into " +
                                      std::to_string(target.parts.size()) + " names"};
    }
    for (size_t i = 0; i < values.size(); ++i) SLUICE_TRY_VOID(assign(target.parts[i], values[i], scope));
    return {};
  }
  if (target.attribute.empty()) {
    if (value.is_undefined()) runtime_.budget().note(sizeof(Value));
    scope.values.insert_or_assign(target.name, value);
    return {};
  }
  const Value* object = scope.find(target.name);
  if (object == nullptr || !object->is_map() || !object->as_map().is_namespace) {
    return Error{Code::invalid, "cannot set '" + target.attribute + "': '" + target.name + "' is not a namespace()"};
  }
  std::string id = Map::string_id(target.attribute);
  if (object->as_map().find_id(id) == nullptr) runtime_.budget().note(sizeof(Map::Entry) + 2 * id.size());
  object->as_map().set_id(std::move(id), Value::string(target.attribute, Origin::markup), value);
  return {};
}

Result<Interpreter::Flow> Interpreter::execute(const ast::Set& set, const ScopePtr& scope) {
  SLUICE_TRY(const Value value, evaluate(*set.value, scope));
  SLUICE_TRY_VOID(assign(set.target, value, *scope));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const ast::Capture& node, const ScopePtr& scope) {
  SLUICE_TRY(Text text, capture(node.body, scope_inside(scope)));
  Value value = runtime_.string(std::move(text));
  if (node.filters) {
    const Value outer = std::exchange(block_text_, value);
    SLUICE_TRY(value, evaluate(*node.filters, scope));
    block_text_ = outer;
  }
  if (node.assigns) {
    SLUICE_TRY_VOID(assign(node.target, value, *scope));
  } else {
    SLUICE_TRY(const Text filtered_text, to_str(runtime_, value));
    SLUICE_TRY_VOID(print(filtered_text));
  }
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const std::unique_ptr<ast::Macro>& macro, const ScopePtr& scope) {
  scope->values.insert_or_assign(macro->name, runtime_.object(std::make_unique<MacroObject>(*this, *macro, scope)));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const ast::CallBlock& block, const ScopePtr& scope) {
  Arguments extra;
  extra.named.emplace_back("caller", runtime_.object(std::make_unique<MacroObject>(*this, *block.caller, scope)));
  SLUICE_TRY(const Value value, call(std::get<ast::Call>(block.call->node), std::move(extra), scope));
  SLUICE_TRY(const Text text, to_str(runtime_, value));
  SLUICE_TRY_VOID(print(text));
  return Flow::next;
}

Result<Interpreter::Flow> Interpreter::execute(const ast::With& with, const ScopePtr& scope) {
  const ScopePtr inner = scope_inside(scope);
  for (const auto& [target, expr] : with.values) {
    SLUICE_TRY(const Value value, evaluate(*expr, scope));
    SLUICE_TRY_VOID(assign(target, value, *inner));
  }
  return run(with.body, inner);
}

Result<Interpreter::Flow> Interpreter::execute(const ast::For& loop, const ScopePtr& scope) {
  SLUICE_TRY(const Value iterable, evaluate(*loop.iterable, scope));
  return run_loop(loop, iterable, scope, 0);
}

// The items that pass the loop's condition. It sees the loop's names but not `loop`.
Result<Value> Interpreter::filtered(const ast::For& loop, const Value& iterable, const ScopePtr& scope) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime_, iterable));
  std::vector<Value> kept;
  for (const Value& item : items) {
    const ScopePtr inner = scope_inside(scope);
    SLUICE_TRY_VOID(assign(loop.target, item, *inner));
    SLUICE_TRY(const Value passes, evaluate(*loop.condition, inner));
    if (truthy(passes)) kept.push_back(item);
  }
  return runtime_.list(std::move(kept));
}

Result<Interpreter::Flow> Interpreter::run_loop(const ast::For& loop, const Value& iterable, const ScopePtr& scope,
                                                int depth) {
  Value source = iterable;
  if (loop.condition) {
    SLUICE_TRY(source, filtered(loop, iterable, scope));
  } else if (!source.is_list() || source.as_list().kind != ListKind::list) {
    SLUICE_TRY(std::vector<Value> items, iterate(runtime_, iterable));
    source = runtime_.list(std::move(items));
  }
  auto state = std::make_unique<LoopObject>(*this, runtime_, loop, source, scope, depth);
  LoopObject& position = *state;
  const Value variable = runtime_.object(std::move(state));
  // A list is walked as it is at each round: a body that appends to it goes on, as in Python.
  const List& items = source.as_list();
  for (size_t i = 0; i < items.items.size(); ++i) {
    position.move_to(i);
    const ScopePtr inner = scope_inside(scope);
    inner->values.insert_or_assign("loop", variable);
    const Value item = items.items[i];
    SLUICE_TRY_VOID(assign(loop.target, item, *inner));
    SLUICE_TRY_VOID(runtime_.budget().step());
    SLUICE_TRY(const Flow flow, run(loop.body, inner));
    if (flow == Flow::stop_loop) return Flow::next;
  }
  if (!items.items.empty()) return Flow::next;
  return run(loop.otherwise, scope_inside(scope));
}

}  // namespace sluice::text

// Evaluates a syntax tree. One object per rendering; the tree is only read. Names are looked up when they are reached,
// from the innermost scope outwards, then among the global functions. Errors carry the template line of the innermost
// expression that failed; over_budget when the budget's steps, kMaxMadeBytes, kMaxOutputBytes or kMaxEvaluationDepth is
// exceeded.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/template_ast.h"
#include "text/template_runtime.h"

namespace sluice::text {

constexpr int kMaxEvaluationDepth = 600;  // tree levels, through macro calls

// Variables of one block. Macros keep the scope that they are defined in alive.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::map<std::string_view, Value> values;  // names point into the tree or into the caller's strings

  const Value* find(std::string_view name) const;
};
using ScopePtr = std::shared_ptr<Scope>;

class Interpreter {
 public:
  explicit Interpreter(Runtime& runtime) : runtime_(runtime) {}

  Result<Text> render(const ast::Body& body, const ScopePtr& root);

 private:
  enum class Flow { next, stop_loop, next_round };
  friend class MacroObject;
  friend class LoopObject;

  Result<Flow> run(const ast::Body& body, const ScopePtr& scope);
  Result<Flow> execute(const ast::Data& data, const ScopePtr& scope);
  Result<Flow> execute(const ast::Print& print, const ScopePtr& scope);
  Result<Flow> execute(const ast::If& branches, const ScopePtr& scope);
  Result<Flow> execute(const ast::For& loop, const ScopePtr& scope);
  Result<Flow> execute(const ast::Set& set, const ScopePtr& scope);
  Result<Flow> execute(const ast::Capture& capture, const ScopePtr& scope);
  Result<Flow> execute(const std::unique_ptr<ast::Macro>& macro, const ScopePtr& scope);
  Result<Flow> execute(const ast::CallBlock& block, const ScopePtr& scope);
  Result<Flow> execute(const ast::With& with, const ScopePtr& scope);
  Result<Flow> execute(const ast::Break&, const ScopePtr&) { return Flow::stop_loop; }
  Result<Flow> execute(const ast::Continue&, const ScopePtr&) { return Flow::next_round; }

  // Runs a loop over `iterable`; `depth` counts recursive loops.
  Result<Flow> run_loop(const ast::For& loop, const Value& iterable, const ScopePtr& scope, int depth);
  Result<Value> filtered(const ast::For& loop, const Value& iterable, const ScopePtr& scope);
  Status assign(const ast::Target& target, const Value& value, Scope& scope);
  // The text that `body` prints.
  Result<Text> capture(const ast::Body& body, const ScopePtr& scope);
  Result<Value> call_macro(const ast::Macro& macro, const ScopePtr& defined_in, Arguments arguments);
  Status bind_parameters(const ast::Macro& macro, Arguments& arguments, const ScopePtr& scope);
  Status print(const Text& text);

  Result<Value> evaluate(const ast::Expr& expr, const ScopePtr& scope);
  Result<Value> value_of(const ast::Literal& literal, const ScopePtr&) { return literal.value; }
  Result<Value> value_of(const ast::Name& name, const ScopePtr& scope);
  Result<Value> value_of(const ast::Attribute& attribute, const ScopePtr& scope);
  Result<Value> value_of(const ast::Item& item, const ScopePtr& scope);
  Result<Value> value_of(const ast::Slice& slice, const ScopePtr& scope);
  Result<Value> value_of(const ast::Call& call, const ScopePtr& scope);
  Result<Value> value_of(const ast::Filter& filter, const ScopePtr& scope);
  Result<Value> value_of(const ast::Test& test, const ScopePtr& scope);
  Result<Value> value_of(const ast::Not& negation, const ScopePtr& scope);
  Result<Value> value_of(const ast::Negative& negative, const ScopePtr& scope);
  Result<Value> value_of(const ast::Chain& chain, const ScopePtr& scope);
  Result<Value> value_of(const ast::Compare& compare, const ScopePtr& scope);
  Result<Value> value_of(const ast::Logic& logic, const ScopePtr& scope);
  Result<Value> value_of(const ast::Conditional& conditional, const ScopePtr& scope);
  Result<Value> value_of(const ast::ListLiteral& list, const ScopePtr& scope);
  Result<Value> value_of(const ast::MapLiteral& map, const ScopePtr& scope);
  Result<Arguments> arguments_of(const ast::CallArguments& arguments, const ScopePtr& scope);
  Result<Value> call(const ast::Call& call, Arguments arguments, const ScopePtr& scope);

  // Puts the line in front of the innermost error.
  Error at_line(uint32_t line, Error error);

  Runtime& runtime_;
  Text* out_ = nullptr;
  Value block_text_;  // what a Capture's filters start from
  int depth_ = 0;
  bool located_ = false;
};

}  // namespace sluice::text

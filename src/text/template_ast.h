// The syntax tree of a template. Immutable after parsing, so renderings in several threads may share it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "text/template_builtin.h"
#include "text/template_operators.h"
#include "text/value.h"

namespace sluice::text::ast {

struct Expr;
struct Statement;
using ExprPtr = std::unique_ptr<Expr>;
using Body = std::vector<Statement>;

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
};

struct Literal {
  Value value;  // a scalar: nothing that a rendering could change
};
struct Name {
  std::string name;
};
struct Attribute {
  ExprPtr object;
  std::string name;
};
struct Item {
  ExprPtr object, key;
};
struct Slice {
  ExprPtr object, start, stop, step;  // absent bounds are null
};
struct Call {
  ExprPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExprPtr object;  // null inside {% filter %} and {% set x | filter %}: the block's text
  const Builtin* filter;
  CallArguments arguments;
};
struct Test {
  ExprPtr object;
  const Builtin* test;
  CallArguments arguments;
};
struct Not {
  ExprPtr operand;
};
struct Negative {
  ExprPtr operand;
  bool minus;
};
// a + b - c: operators of one rank, from left to right. One flat node, so that long sums do not nest.
struct Chain {
  ExprPtr first;
  std::vector<std::pair<BinaryOp, ExprPtr>> rest;
};
// a < b <= c: all links must hold.
struct Compare {
  ExprPtr first;
  std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
// a and b and c, or with or: the value that decides.
struct Logic {
  bool is_and;
  std::vector<ExprPtr> operands;
};
struct Conditional {
  ExprPtr condition, yes, no;  // `no` may be null: undefined
};
struct ListLiteral {
  bool is_tuple;
  std::vector<ExprPtr> items;
};
struct MapLiteral {
  std::vector<std::pair<ExprPtr, ExprPtr>> entries;
};

struct Expr {
  uint32_t line;
  std::variant<Literal, Name, Attribute, Item, Slice, Call, Filter, Test, Not, Negative, Chain, Compare, Logic,
               Conditional, ListLiteral, MapLiteral>
      node;
};

template <class Node>
ExprPtr make_expr(uint32_t line, Node node) {
  return std::make_unique<Expr>(Expr{line, std::move(node)});
}

// What `set` and `for` assign to: a name, an attribute of a namespace, or a tuple of targets.
struct Target {
  std::string name;
  std::string attribute;
  std::vector<Target> parts;  // not empty: a tuple, and `name` is unused
};

struct Data {
  Value text;
};
struct Print {
  ExprPtr value;
};
struct Branch {
  ExprPtr condition;
  Body body;
};
struct If {
  std::vector<Branch> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExprPtr iterable;
  ExprPtr condition;  // may be null
  bool recursive;
  Body body, otherwise;
};
struct Set {
  Target target;
  ExprPtr value;
};
// A block whose text is captured: {% set x %}, {% filter f %}. `filters` has a hole where the text goes; may be null.
struct Capture {
  bool assigns;
  Target target;
  ExprPtr filters;
  Body body;
};
struct Parameter {
  std::string name;
  ExprPtr fallback;  // may be null
};
struct Macro {
  std::string name;
  std::vector<Parameter> parameters;
  bool uses_varargs, uses_kwargs, uses_caller;
  Body body;
};
struct CallBlock {
  std::unique_ptr<Macro> caller;
  ExprPtr call;  // a Call
};
// {% with %}: own scope. {% generation %}: no values, no scope of its own in effect.
struct With {
  std::vector<std::pair<Target, ExprPtr>> values;
  Body body;
};
struct Break {};
struct Continue {};

struct Statement {
  uint32_t line;
  std::variant<Data, Print, If, For, Set, Capture, std::unique_ptr<Macro>, CallBlock, With, Break, Continue> node;
};

}  // namespace sluice::text::ast

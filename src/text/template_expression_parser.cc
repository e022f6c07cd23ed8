#include "text/template_expression_parser.h"

#include <algorithm>

#include "text/template_parser.h"

namespace sluice::text {

using ast::ExprPtr;
using ast::make_expr;

namespace {

struct ChainOperator {
  std::string_view sign;
  BinaryOp op;
  int rank;
};
// Loosest first. Jinja2's own order: "~" binds tighter than "+", "**" is left to right.
constexpr ChainOperator kChain[] = {
    {"+", BinaryOp::add, 0},      {"-", BinaryOp::subtract, 0}, {"~", BinaryOp::concat, 1},
    {"*", BinaryOp::multiply, 2}, {"/", BinaryOp::divide, 2},   {"//", BinaryOp::floor_divide, 2},
    {"%", BinaryOp::modulo, 2},   {"**", BinaryOp::power, 3},
};
constexpr int kTightest = 3;

struct CompareOperator {
  std::string_view sign;
  CompareOp op;
};
constexpr CompareOperator kCompare[] = {{"==", CompareOp::equal},  {"!=", CompareOp::not_equal},
                                        {"<", CompareOp::less},    {"<=", CompareOp::less_equal},
                                        {">", CompareOp::greater}, {">=", CompareOp::greater_equal}};

}  // namespace

Result<ExprPtr> ExpressionParser::tuple(bool conditional) {
  const uint32_t line = tokens_.peek().line;
  const auto one = [&] { return conditional ? expression() : disjunction(); };
  SLUICE_TRY(ExprPtr first, one());
  if (!tokens_.is_op(",")) return first;
  ast::ListLiteral list{true, {}};
  list.items.push_back(std::move(first));
  while (tokens_.skip_op(",") && !at_tuple_end()) {
    SLUICE_TRY(list.items.emplace_back(), one());
  }
  return make_expr(line, std::move(list));
}

bool ExpressionParser::at_tuple_end() const {
  return tokens_.is(Token::Kind::print_end) || tokens_.is(Token::Kind::block_end) || tokens_.is_op(")") ||
         tokens_.is_name("in") || tokens_.is_name("recursive");
}

Status ExpressionParser::enter() {
  if (++depth_ > kMaxParseDepth) {
    return template_error(Code::over_budget, tokens_.peek().line,
                          "nested deeper than " + std::to_string(kMaxParseDepth) + " levels");
  }
  return {};
}

Status ExpressionParser::link() {
  if (++links_ > kMaxLinksPerTag) {
    return template_error(Code::over_budget, tokens_.peek().line, "an expression is too long");
  }
  return {};
}

Result<ExprPtr> ExpressionParser::expression() {
  SLUICE_TRY_VOID(enter());
  const uint32_t line = tokens_.peek().line;
  SLUICE_TRY(ExprPtr value, disjunction());
  while (tokens_.skip_name("if")) {
    SLUICE_TRY(ExprPtr condition, disjunction());
    ExprPtr otherwise;
    if (tokens_.skip_name("else")) {
      SLUICE_TRY(otherwise, expression());
    }
    SLUICE_TRY_VOID(link());
    value = make_expr(line, ast::Conditional{std::move(condition), std::move(value), std::move(otherwise)});
  }
  leave();
  return value;
}

Result<ExprPtr> ExpressionParser::disjunction() {
  return logic(false);
}

Result<ExprPtr> ExpressionParser::logic(bool is_and) {
  const uint32_t line = tokens_.peek().line;
  const auto operand = [&] { return is_and ? negation() : logic(true); };
  SLUICE_TRY(ExprPtr first, operand());
  const std::string_view word = is_and ? "and" : "or";
  if (!tokens_.is_name(word)) return first;
  ast::Logic out{is_and, {}};
  out.operands.push_back(std::move(first));
  while (tokens_.skip_name(word)) {
    SLUICE_TRY(out.operands.emplace_back(), operand());
  }
  return make_expr(line, std::move(out));
}

Result<ExprPtr> ExpressionParser::negation() {
  const uint32_t line = tokens_.peek().line;
  if (!tokens_.skip_name("not")) return comparison();
  SLUICE_TRY_VOID(enter());
  SLUICE_TRY(ExprPtr operand, negation());
  leave();
  return make_expr(line, ast::Not{std::move(operand)});
}

Result<ExprPtr> ExpressionParser::comparison() {
  const uint32_t line = tokens_.peek().line;
  SLUICE_TRY(ExprPtr first, chain(0));
  ast::Compare out{nullptr, {}};
  while (true) {
    const auto found = std::find_if(std::begin(kCompare), std::end(kCompare),
                                    [&](const CompareOperator& c) { return tokens_.is_op(c.sign); });
    CompareOp op = CompareOp::in;
    if (found != std::end(kCompare)) {
      op = found->op;
      tokens_.next();
    } else if (tokens_.is_name("not") && tokens_.peek_second().kind == Token::Kind::name &&
               tokens_.peek_second().text == "in") {
      op = CompareOp::not_in;
      tokens_.next();
      tokens_.next();
    } else if (!tokens_.skip_name("in")) {
      break;
    }
    SLUICE_TRY(ExprPtr operand, chain(0));
    out.rest.emplace_back(op, std::move(operand));
  }
  if (out.rest.empty()) return first;
  out.first = std::move(first);
  return make_expr(line, std::move(out));
}

Result<ExprPtr> ExpressionParser::chain(int rank) {
  const uint32_t line = tokens_.peek().line;
  const auto operand = [&] { return rank == kTightest ? unary(true) : chain(rank + 1); };
  SLUICE_TRY(ExprPtr first, operand());
  ast::Chain out{nullptr, {}};
  while (true) {
    const auto found = std::find_if(std::begin(kChain), std::end(kChain),
                                    [&](const ChainOperator& c) { return c.rank == rank && tokens_.is_op(c.sign); });
    if (found == std::end(kChain)) break;
    tokens_.next();
    SLUICE_TRY(ExprPtr next, operand());
    out.rest.emplace_back(found->op, std::move(next));
  }
  if (out.rest.empty()) return first;
  out.first = std::move(first);
  return make_expr(line, std::move(out));
}

Result<ExprPtr> ExpressionParser::unary(bool with_filters) {
  const uint32_t line = tokens_.peek().line;
  ExprPtr value;
  if (tokens_.is_op("-") || tokens_.is_op("+")) {
    const bool minus = tokens_.next().text == "-";
    SLUICE_TRY_VOID(enter());
    SLUICE_TRY(ExprPtr operand, unary(false));
    leave();
    value = make_expr(line, ast::Negative{std::move(operand), minus});
  } else {
    SLUICE_TRY(value, primary());
  }
  SLUICE_TRY(value, postfix(std::move(value)));
  return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

}  // namespace sluice::text

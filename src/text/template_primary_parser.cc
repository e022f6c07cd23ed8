// Names, literals and targets: where expressions bottom out. Also the token stream.
#include <charconv>
#include <cstdlib>

#include "text/quote.h"
#include "text/template_expression_parser.h"

namespace sluice::text {

using ast::ExprPtr;

namespace {

ExprPtr literal(uint32_t line, Value value) {
  return ast::make_expr(line, ast::Literal{std::move(value)});
}

}  // namespace

Token TokenStream::next() {
  if (is(Token::Kind::end)) return peek();
  return std::move(tokens_[at_++]);
}

bool TokenStream::skip_op(std::string_view text) {
  const bool found = is_op(text);
  if (found) next();
  return found;
}

bool TokenStream::skip_name(std::string_view text) {
  const bool found = is_name(text);
  if (found) next();
  return found;
}

Error TokenStream::expected(std::string_view what) const {
  std::string found;
  switch (peek().kind) {
    case Token::Kind::end:
      found = "the end of the template";
      break;
    case Token::Kind::print_end:
      found = "}}";
      break;
    case Token::Kind::block_end:
      found = "%}";
      break;
    default:
      found = quote_text(peek().text);
  }
  return fail("expected " + std::string(what) + ", found " + found);
}

Status TokenStream::expect_op(std::string_view text) {
  if (skip_op(text)) return {};
  return expected("'" + std::string(text) + "'");
}

Result<std::string> TokenStream::expect_name() {
  if (is(Token::Kind::name)) return next().text;
  return expected("a name");
}

Result<ExprPtr> ExpressionParser::primary() {
  switch (tokens_.peek().kind) {
    case Token::Kind::name:
      return name_or_constant();
    case Token::Kind::string:
      return string();
    case Token::Kind::integer:
    case Token::Kind::real:
      return number();
    default:
      break;
  }
  if (tokens_.is_op("(")) return parenthesised();
  if (tokens_.is_op("[")) return list();
  if (tokens_.is_op("{")) return map();
  return tokens_.expected("an expression");
}

Result<ExprPtr> ExpressionParser::name_or_constant() {
  const Token token = tokens_.next();
  if (token.text == "true" || token.text == "True") return literal(token.line, Value::boolean(true));
  if (token.text == "false" || token.text == "False") return literal(token.line, Value::boolean(false));
  if (token.text == "none" || token.text == "None") return literal(token.line, Value());
  mentions_.varargs |= token.text == "varargs";
  mentions_.kwargs |= token.text == "kwargs";
  mentions_.caller |= token.text == "caller";
  return ast::make_expr(token.line, ast::Name{token.text});
}

Result<ExprPtr> ExpressionParser::string() {
  const uint32_t line = tokens_.peek().line;
  std::string text;
  while (tokens_.is(Token::Kind::string)) text += tokens_.next().text;  // "a" "b" is "ab"
  return literal(line, Value::string(text, Origin::markup));
}

Result<ExprPtr> ExpressionParser::number() {
  const Token token = tokens_.next();
  if (token.kind == Token::Kind::real) {
    return literal(token.line, Value::real(std::strtod(token.text.c_str(), nullptr)));
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (error != std::errc()) return literal(token.line, Value::big_integer(token.text, Origin::markup));
  return literal(token.line, Value::integer(value));
}

Result<ExprPtr> ExpressionParser::parenthesised() {
  const uint32_t line = tokens_.next().line;
  if (tokens_.skip_op(")")) return ast::make_expr(line, ast::ListLiteral{true, {}});
  SLUICE_TRY(ExprPtr inner, tuple());
  SLUICE_TRY_VOID(tokens_.expect_op(")"));
  return inner;
}

Result<ExprPtr> ExpressionParser::list() {
  const uint32_t line = tokens_.next().line;
  ast::ListLiteral out{false, {}};
  while (!tokens_.is_op("]")) {
    SLUICE_TRY(out.items.emplace_back(), expression());
    if (!tokens_.skip_op(",")) break;
  }
  SLUICE_TRY_VOID(tokens_.expect_op("]"));
  return ast::make_expr(line, std::move(out));
}

Result<ExprPtr> ExpressionParser::map() {
  const uint32_t line = tokens_.next().line;
  ast::MapLiteral out;
  while (!tokens_.is_op("}")) {
    SLUICE_TRY(ExprPtr key, expression());
    SLUICE_TRY_VOID(tokens_.expect_op(":"));
    SLUICE_TRY(ExprPtr value, expression());
    out.entries.emplace_back(std::move(key), std::move(value));
    if (!tokens_.skip_op(",")) break;
  }
  SLUICE_TRY_VOID(tokens_.expect_op("}"));
  return ast::make_expr(line, std::move(out));
}

Result<ast::Target> ExpressionParser::target() {
  SLUICE_TRY_VOID(enter());
  std::vector<ast::Target> parts;
  bool comma = false;
  do {
    if (comma && (at_tuple_end() || tokens_.is_op("="))) break;
    ast::Target one;
    if (tokens_.skip_op("(")) {
      SLUICE_TRY(one, target());
      SLUICE_TRY_VOID(tokens_.expect_op(")"));
    } else {
      SLUICE_TRY(one.name, tokens_.expect_name());
      if (tokens_.skip_op(".")) {
        SLUICE_TRY(one.attribute, tokens_.expect_name());
      }
    }
    parts.push_back(std::move(one));
    comma = tokens_.skip_op(",");
  } while (comma);
  leave();
  if (parts.size() == 1 && !tokens_.is(Token::Kind::end) && !comma) return std::move(parts[0]);
  return ast::Target{"", "", std::move(parts)};
}

}  // namespace sluice::text

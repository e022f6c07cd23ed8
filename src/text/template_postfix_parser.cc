// What follows a value: attributes, items, calls, filters, tests.
#include "text/template_expression_parser.h"
#include "text/template_sequences.h"

namespace sluice::text {

using ast::ExprPtr;
using ast::make_expr;

Result<ExprPtr> ExpressionParser::postfix(ExprPtr object) {
  while (true) {
    const uint32_t line = tokens_.peek().line;
    if (tokens_.is_op(".")) {
      SLUICE_TRY(object, attribute(std::move(object)));
    } else if (tokens_.is_op("[")) {
      SLUICE_TRY(object, item_or_slice(std::move(object)));
    } else if (tokens_.is_op("(")) {
      SLUICE_TRY(ast::CallArguments given, arguments());
      object = make_expr(line, ast::Call{std::move(object), std::move(given)});
    } else {
      return object;
    }
    SLUICE_TRY_VOID(link());
  }
}

Result<ExprPtr> ExpressionParser::attribute(ExprPtr object) {
  const uint32_t line = tokens_.next().line;
  if (tokens_.is(Token::Kind::integer)) {
    SLUICE_TRY(ExprPtr index, number());
    return make_expr(line, ast::Item{std::move(object), std::move(index)});
  }
  SLUICE_TRY(std::string name, tokens_.expect_name());
  return make_expr(line, ast::Attribute{std::move(object), std::move(name)});
}

Result<ExprPtr> ExpressionParser::item_or_slice(ExprPtr object) {
  const uint32_t line = tokens_.next().line;
  ExprPtr part[3];
  int colons = 0;
  for (; !tokens_.is_op("]") && colons < 3; ++colons) {
    if (!tokens_.is_op(":")) {
      SLUICE_TRY(part[colons], colons == 0 ? tuple() : expression());
    }
    if (!tokens_.skip_op(":")) break;
  }
  SLUICE_TRY_VOID(tokens_.expect_op("]"));
  if (colons > 2) return tokens_.fail("a slice has at most three parts");
  if (colons > 0) {
    return make_expr(line, ast::Slice{std::move(object), std::move(part[0]), std::move(part[1]), std::move(part[2])});
  }
  if (!part[0]) return tokens_.fail("an index is missing between the brackets");
  return make_expr(line, ast::Item{std::move(object), std::move(part[0])});
}

Result<ExprPtr> ExpressionParser::filters_and_tests(ExprPtr object) {
  while (true) {
    const uint32_t line = tokens_.peek().line;
    if (tokens_.skip_op("|")) {
      SLUICE_TRY(object, filter(std::move(object)));
    } else if (tokens_.is_name("is")) {
      SLUICE_TRY(object, test(std::move(object)));
    } else if (tokens_.is_op("(")) {
      SLUICE_TRY(ast::CallArguments given, arguments());
      object = make_expr(line, ast::Call{std::move(object), std::move(given)});
    } else {
      return object;
    }
    SLUICE_TRY_VOID(link());
  }
}

Result<ExprPtr> ExpressionParser::filters(ExprPtr object) {
  while (tokens_.skip_op("|")) {
    SLUICE_TRY(object, filter(std::move(object)));
    SLUICE_TRY_VOID(link());
  }
  return object;
}

Result<ExprPtr> ExpressionParser::filters_of_block() {
  SLUICE_TRY(ExprPtr first, filter(nullptr));
  return filters(std::move(first));
}

Result<std::string> ExpressionParser::dotted_name() {
  SLUICE_TRY(std::string name, tokens_.expect_name());
  while (tokens_.skip_op(".")) {
    SLUICE_TRY(const std::string part, tokens_.expect_name());
    name += "." + part;
  }
  return name;
}

Result<ExprPtr> ExpressionParser::filter(ExprPtr object) {
  const uint32_t line = tokens_.peek().line;
  SLUICE_TRY(const std::string name, dotted_name());
  const Builtin* found = find_filter(name);
  if (found == nullptr) return template_error(Code::unsupported, line, "no filter named '" + name + "'");
  ast::CallArguments given;
  if (tokens_.is_op("(")) {
    SLUICE_TRY(given, arguments());
  }
  return make_expr(line, ast::Filter{std::move(object), found, std::move(given)});
}

Result<ExprPtr> ExpressionParser::test(ExprPtr object) {
  const uint32_t line = tokens_.next().line;
  const bool negated = tokens_.skip_name("not");
  SLUICE_TRY(const std::string name, dotted_name());
  const Builtin* found = find_test(name);
  if (found == nullptr) return template_error(Code::unsupported, line, "no test named '" + name + "'");
  ast::CallArguments given;
  const Token& next = tokens_.peek();
  const bool literal = next.kind == Token::Kind::string || next.kind == Token::Kind::integer ||
                       next.kind == Token::Kind::real || tokens_.is_op("[") || tokens_.is_op("{");
  const bool word = next.kind == Token::Kind::name && next.text != "else" && next.text != "or" && next.text != "and";
  if (tokens_.is_op("(")) {
    SLUICE_TRY(given, arguments());
  } else if (literal || word) {
    if (tokens_.is_name("is")) return tokens_.fail("tests cannot be chained with 'is'");
    SLUICE_TRY_VOID(enter());
    SLUICE_TRY(ExprPtr argument, primary());
    SLUICE_TRY(argument, postfix(std::move(argument)));
    leave();
    given.positional.push_back(std::move(argument));
  }
  ExprPtr out = make_expr(line, ast::Test{std::move(object), found, std::move(given)});
  return negated ? make_expr(line, ast::Not{std::move(out)}) : std::move(out);
}

Result<ast::CallArguments> ExpressionParser::arguments() {
  SLUICE_TRY_VOID(tokens_.expect_op("("));
  ast::CallArguments out;
  while (!tokens_.is_op(")")) {
    if (tokens_.is_op("*") || tokens_.is_op("**")) {
      return template_error(Code::unsupported, tokens_.peek().line, "unpacking arguments with '*' is not supported");
    }
    const Token& second = tokens_.peek_second();
    if (tokens_.is(Token::Kind::name) && second.kind == Token::Kind::op && second.text == "=") {
      std::string name = tokens_.next().text;
      tokens_.next();
      SLUICE_TRY(ExprPtr value, expression());
      out.named.emplace_back(std::move(name), std::move(value));
    } else {
      if (!out.named.empty()) return tokens_.fail("a positional argument after a named one");
      SLUICE_TRY(out.positional.emplace_back(), expression());
    }
    if (!tokens_.skip_op(",")) break;
  }
  SLUICE_TRY_VOID(tokens_.expect_op(")"));
  return out;
}

}  // namespace sluice::text

// The expression half of the parser; template_parser.cc drives it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/template_ast.h"
#include "text/template_lexer.h"

namespace sluice::text {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  const Token& peek() const { return tokens_[at_]; }
  const Token& peek_second() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  // The current token; the stream moves on, but never past `end`.
  Token next();
  bool is(Token::Kind kind) const { return peek().kind == kind; }
  bool is_op(std::string_view text) const { return is(Token::Kind::op) && peek().text == text; }
  bool is_name(std::string_view text) const { return is(Token::Kind::name) && peek().text == text; }
  bool skip_op(std::string_view text);
  bool skip_name(std::string_view text);

  Error fail(std::string_view what) const { return template_error(Code::corrupt, peek().line, what); }
  // "expected X, found Y"
  Error expected(std::string_view what) const;
  Status expect_op(std::string_view text);
  Result<std::string> expect_name();

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  // a, b, c or a single expression; ends before a closing token. With `conditional` off, "a if b" stops at the "if".
  Result<ast::ExprPtr> tuple(bool conditional = true);
  Result<ast::ExprPtr> expression();
  // Filters that follow `object`, null for a block's text.
  Result<ast::ExprPtr> filters(ast::ExprPtr object);
  // The same for "{% filter a | b %}", where no bar stands before the first.
  Result<ast::ExprPtr> filters_of_block();
  Result<ast::Target> target();
  // Forgets how many links the tag before this one had.
  void begin_tag() { links_ = 0; }

  // Names that make a macro take more than its parameters; set when an expression mentions them.
  struct Mentions {
    bool varargs = false, kwargs = false, caller = false;
  };
  Mentions& mentions() { return mentions_; }

  // Nesting, shared with the statements around. Errors: over_budget.
  Status enter();
  void leave() { --depth_; }

 private:
  Result<ast::ExprPtr> disjunction();
  Result<ast::ExprPtr> logic(bool is_and);
  Result<ast::ExprPtr> negation();
  Result<ast::ExprPtr> comparison();
  Result<ast::ExprPtr> chain(int rank);
  Result<ast::ExprPtr> unary(bool with_filters);
  Result<ast::ExprPtr> primary();
  Result<ast::ExprPtr> name_or_constant();
  Result<ast::ExprPtr> string();
  Result<ast::ExprPtr> number();
  Result<ast::ExprPtr> parenthesised();
  Result<ast::ExprPtr> list();
  Result<ast::ExprPtr> map();
  Result<ast::ExprPtr> postfix(ast::ExprPtr object);
  Result<ast::ExprPtr> attribute(ast::ExprPtr object);
  Result<ast::ExprPtr> item_or_slice(ast::ExprPtr object);
  Result<ast::ExprPtr> filters_and_tests(ast::ExprPtr object);
  Result<ast::ExprPtr> filter(ast::ExprPtr object);  // from the name on
  Result<ast::ExprPtr> test(ast::ExprPtr object);
  Result<ast::CallArguments> arguments();
  Result<std::string> dotted_name();
  bool at_tuple_end() const;
  Status link();

  TokenStream& tokens_;
  Mentions mentions_;
  int depth_ = 0;
  int links_ = 0;
};

}  // namespace sluice::text

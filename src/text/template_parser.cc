#include "text/template_parser.h"

#include <algorithm>

#include "text/quote.h"
#include "text/template_expression_parser.h"

namespace sluice::text {
namespace {

using ast::Body;
using ast::ExprPtr;
using ast::Statement;

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)), expressions_(tokens_) {}

  Result<Body> run() && {
    SLUICE_TRY(Body body, body_until({}));
    return body;
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  // Statements up to a tag named in `ends`, whose name is consumed (last_end_), or up to the end when `ends` is empty.
  Result<Body> body_until(Words ends) {
    SLUICE_TRY_VOID(expressions_.enter());
    const uint32_t begin = tokens_.peek().line;
    Body body;
    while (!tokens_.is(Token::Kind::end)) {
      if (tokens_.is(Token::Kind::block_begin) && tokens_.peek_second().kind == Token::Kind::name) {
        const std::string& word = tokens_.peek_second().text;
        if (std::find(ends.begin(), ends.end(), word) != ends.end()) {
          last_end_ = word;
          tokens_.next();
          tokens_.next();
          expressions_.begin_tag();
          expressions_.leave();
          return body;
        }
      }
      SLUICE_TRY_VOID(statement(body));
    }
    expressions_.leave();
    if (ends.size() == 0) return body;
    return template_error(
        Code::corrupt, begin,
        "the block that begins here is never closed: {% " + std::string(*(ends.end() - 1)) + " %} is missing");
  }

  Status close_tag() {
    if (!tokens_.is(Token::Kind::block_end)) return tokens_.expected("the end of the tag");
    tokens_.next();
    return {};
  }

  // A body closed by {% end %} alone.
  Result<Body> body_and_end(std::string_view end) {
    SLUICE_TRY_VOID(close_tag());
    SLUICE_TRY(Body body, body_until({end}));
    if (end == "endmacro" && tokens_.is(Token::Kind::name)) tokens_.next();  // {% endmacro name %}
    SLUICE_TRY_VOID(close_tag());
    return body;
  }

  Status statement(Body& body) {
    expressions_.begin_tag();
    Token token = tokens_.next();
    if (token.kind == Token::Kind::data) {
      body.push_back({token.line, ast::Data{Value::string(token.text, Origin::markup)}});
      return {};
    }
    if (token.kind == Token::Kind::print_begin) {
      SLUICE_TRY(ExprPtr value, expressions_.tuple());
      if (!tokens_.is(Token::Kind::print_end)) return tokens_.expected("}}");
      tokens_.next();
      body.push_back({token.line, ast::Print{std::move(value)}});
      return {};
    }
    SLUICE_TRY(const std::string word, tokens_.expect_name());
    return tag(word, token.line, body);
  }

  Status tag(const std::string& word, uint32_t line, Body& body) {
    const auto add = [&](auto result) -> Status {
      SLUICE_TRY(auto node, std::move(result));
      body.push_back({line, std::move(node)});
      return {};
    };
    if (word == "if") return add(if_tag());
    if (word == "for") return add(for_tag());
    if (word == "set") return set_tag(line, body);
    if (word == "macro") return add(macro_tag());
    if (word == "call") return add(call_tag());
    if (word == "filter") return add(filter_tag());
    if (word == "with") return add(with_tag());
    if (word == "generation") return add(generation_tag());
    if (word == "break" || word == "continue") {
      if (loops_ == 0) return template_error(Code::corrupt, line, "'" + word + "' outside a loop");
      SLUICE_TRY_VOID(close_tag());
      if (word == "break") {
        body.push_back({line, ast::Break{}});
      } else {
        body.push_back({line, ast::Continue{}});
      }
      return {};
    }
    if (word.starts_with("end") || word == "else" || word == "elif") {
      return template_error(Code::corrupt, line, "{% " + word + " %} closes nothing that is open here");
    }
    return template_error(Code::unsupported, line, "no tag named " + quote_text(word));
  }

  Result<ast::If> if_tag() {
    ast::If out;
    do {
      SLUICE_TRY(ExprPtr condition, expressions_.tuple(false));
      SLUICE_TRY_VOID(close_tag());
      SLUICE_TRY(Body body, body_until({"elif", "else", "endif"}));
      out.branches.push_back({std::move(condition), std::move(body)});
    } while (last_end_ == "elif");
    if (last_end_ == "else") {
      SLUICE_TRY(out.otherwise, body_and_end("endif"));
    } else {
      SLUICE_TRY_VOID(close_tag());
    }
    return out;
  }

  Result<ast::For> for_tag() {
    ast::For out;
    SLUICE_TRY(out.target, expressions_.target());
    if (!tokens_.skip_name("in")) return tokens_.expected("'in'");
    SLUICE_TRY(out.iterable, expressions_.tuple(false));
    if (tokens_.skip_name("if")) {
      SLUICE_TRY(out.condition, expressions_.expression());
    }
    out.recursive = tokens_.skip_name("recursive");
    SLUICE_TRY_VOID(close_tag());
    ++loops_;
    SLUICE_TRY(out.body, body_until({"else", "endfor"}));
    --loops_;
    if (last_end_ == "else") {
      SLUICE_TRY(out.otherwise, body_and_end("endfor"));
    } else {
      SLUICE_TRY_VOID(close_tag());
    }
    return out;
  }

  Status set_tag(uint32_t line, Body& body) {
    SLUICE_TRY(ast::Target target, expressions_.target());
    if (tokens_.skip_op("=")) {
      SLUICE_TRY(ExprPtr value, expressions_.tuple());
      SLUICE_TRY_VOID(close_tag());
      body.push_back({line, ast::Set{std::move(target), std::move(value)}});
      return {};
    }
    SLUICE_TRY(ExprPtr filters, expressions_.filters(nullptr));
    SLUICE_TRY(Body inner, body_and_end("endset"));
    body.push_back({line, ast::Capture{true, std::move(target), std::move(filters), std::move(inner)}});
    return {};
  }

  Result<std::vector<ast::Parameter>> parameters() {
    std::vector<ast::Parameter> out;
    SLUICE_TRY_VOID(tokens_.expect_op("("));
    while (!tokens_.is_op(")")) {
      ast::Parameter parameter;
      SLUICE_TRY(parameter.name, tokens_.expect_name());
      if (tokens_.skip_op("=")) {
        SLUICE_TRY(parameter.fallback, expressions_.expression());
      } else if (!out.empty() && out.back().fallback) {
        return tokens_.fail("a parameter without a default after one with a default");
      }
      out.push_back(std::move(parameter));
      if (!tokens_.skip_op(",")) break;
    }
    SLUICE_TRY_VOID(tokens_.expect_op(")"));
    return out;
  }

  // The macro's parameters are parsed; reads its body. Loops around do not reach into it.
  Result<std::unique_ptr<ast::Macro>> macro_body(std::string name, std::vector<ast::Parameter> parameters,
                                                 std::string_view end) {
    const ExpressionParser::Mentions outer = std::exchange(expressions_.mentions(), {});
    const int loops = std::exchange(loops_, 0);
    SLUICE_TRY(Body body, body_and_end(end));
    loops_ = loops;
    const ExpressionParser::Mentions own = std::exchange(expressions_.mentions(), outer);
    return std::make_unique<ast::Macro>(
        ast::Macro{std::move(name), std::move(parameters), own.varargs, own.kwargs, own.caller, std::move(body)});
  }

  Result<std::unique_ptr<ast::Macro>> macro_tag() {
    SLUICE_TRY(std::string name, tokens_.expect_name());
    SLUICE_TRY(auto given, parameters());
    return macro_body(std::move(name), std::move(given), "endmacro");
  }

  Result<ast::CallBlock> call_tag() {
    ast::CallBlock out;
    std::vector<ast::Parameter> given;
    if (tokens_.is_op("(")) {
      SLUICE_TRY(given, parameters());
    }
    SLUICE_TRY(out.call, expressions_.expression());
    if (!std::holds_alternative<ast::Call>(out.call->node)) return tokens_.fail("{% call %} needs a call");
    SLUICE_TRY(out.caller, macro_body("caller", std::move(given), "endcall"));
    return out;
  }

  Result<ast::Capture> filter_tag() {
    // "{% filter upper %}" names the first filter without a bar.
    SLUICE_TRY(ExprPtr filters, expressions_.filters_of_block());
    SLUICE_TRY(Body body, body_and_end("endfilter"));
    return ast::Capture{false, {}, std::move(filters), std::move(body)};
  }

  Result<ast::With> with_tag() {
    ast::With out;
    while (!tokens_.is(Token::Kind::block_end)) {
      ast::Target target;
      SLUICE_TRY(target.name, tokens_.expect_name());
      SLUICE_TRY_VOID(tokens_.expect_op("="));
      SLUICE_TRY(ExprPtr value, expressions_.expression());
      out.values.emplace_back(std::move(target), std::move(value));
      if (!tokens_.skip_op(",")) break;
    }
    SLUICE_TRY(out.body, body_and_end("endwith"));
    return out;
  }

  Result<ast::With> generation_tag() {
    ast::With out;
    SLUICE_TRY(out.body, body_and_end("endgeneration"));
    return out;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  std::string last_end_;
  int loops_ = 0;
};

}  // namespace

Result<ast::Body> parse_template(std::string_view source) {
  SLUICE_TRY(std::vector<Token> tokens, lex_template(source));
  return Parser(std::move(tokens)).run();
}

}  // namespace sluice::text

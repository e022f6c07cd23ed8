#include "text/template_lexer.h"

#include <algorithm>

#include "text/quote.h"
#include "text/template_literals.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr std::string_view kBlanks = " \t\n\v\f\r";
constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                           "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

std::string with_plain_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_name_byte(char c, bool first) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (!first && c >= '0' && c <= '9');
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() && {
    while (at_ < source_.size()) SLUICE_TRY_VOID(data_then_tag());
    emit(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return source_.substr(at_); }
  Error fail(std::string_view what) const { return template_error(Code::corrupt, line_, what); }
  void emit(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }

  // Consumes n bytes; what was consumed last decides whether the next text begins a line.
  void advance(size_t n) {
    if (n == 0) return;
    line_ += static_cast<uint32_t>(
        std::count(source_.begin() + static_cast<int64_t>(at_), source_.begin() + static_cast<int64_t>(at_ + n), '\n'));
    at_ += n;
    line_starts_ = source_[at_ - 1] == '\n';
  }

  size_t blanks_at(size_t from) const {
    const size_t end = source_.find_first_not_of(kBlanks, from);
    return std::min(end, source_.size()) - from;
  }

  size_t next_tag(size_t from) const {
    for (size_t at = source_.find('{', from); at != std::string_view::npos; at = source_.find('{', at + 1)) {
      if (at + 1 < source_.size() && std::string_view("{%#").find(source_[at + 1]) != std::string_view::npos) return at;
    }
    return source_.size();
  }

  // Emits source [at_, tag) as data, trimmed as the tag at `tag` asks. `sign` is the byte after its two braces.
  void data_before(size_t tag, bool is_print) {
    std::string_view text = source_.substr(at_, tag - at_);
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    if (tag < source_.size() && sign == '-') {
      text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    } else if (tag < source_.size() && sign != '+' && !is_print) {
      const size_t line = text.rfind('\n') + 1;  // 0 when there is none
      if ((line > 0 || line_starts_) && text.find_first_not_of(kBlanks, line) == std::string_view::npos) {
        text = text.substr(0, line);
      }
    }
    if (!text.empty()) emit(Token::Kind::data, std::string(text));
    advance(tag - at_);
  }

  Status data_then_tag() {
    const size_t tag = next_tag(at_);
    const char type = tag < source_.size() ? source_[tag + 1] : ' ';
    data_before(tag, type == '{');
    if (type == ' ') return {};
    if (type == '#') return comment();
    if (type == '%' && raw_tag("raw", at_) > 0) return raw_block();
    emit(type == '{' ? Token::Kind::print_begin : Token::Kind::block_begin, "");
    skip_opening();
    return inside_tag(type == '{');
  }

  void skip_opening() { advance(2 + (rest().size() > 2 && (rest()[2] == '-' || rest()[2] == '+') ? 1 : 0)); }

  // After a closing "%}" or "#}": what its sign lets go.
  void after_closing(char sign) {
    if (sign == '-') {
      advance(blanks_at(at_));
    } else if (sign != '+' && rest().starts_with('\n')) {
      advance(1);
    }
  }

  Status comment() {
    const size_t begin = at_ + (rest().size() > 2 && (rest()[2] == '-' || rest()[2] == '+') ? 3 : 2);
    const size_t close = source_.find("#}", begin);
    if (close == std::string_view::npos) return fail("a comment {# is never closed");
    const char before = close > begin ? source_[close - 1] : ' ';
    advance(close + 2 - at_);
    after_closing(before);
    return {};
  }

  // The length of "{%- word -%}" at `from`, without what its closing sign swallows; 0 if something else is there.
  size_t raw_tag(std::string_view word, size_t from) const {
    size_t at = from + 2;
    if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) ++at;
    at += blanks_at(at);
    if (!source_.substr(std::min(at, source_.size())).starts_with(word)) return 0;
    at += word.size();
    at += blanks_at(at);
    if (at < source_.size() && (source_[at] == '-' || (source_[at] == '+' && word == "endraw"))) ++at;
    return source_.substr(std::min(at, source_.size())).starts_with("%}") ? at + 2 - from : 0;
  }

  Status raw_block() {
    advance(raw_tag("raw", at_));
    if (source_[at_ - 3] == '-') advance(blanks_at(at_));
    for (size_t tag = source_.find("{%", at_); tag != std::string_view::npos; tag = source_.find("{%", tag + 1)) {
      const size_t size = raw_tag("endraw", tag);
      if (size == 0) continue;
      data_before(tag, false);
      const char sign = source_[at_ + size - 3];
      advance(size);
      after_closing(sign);
      return {};
    }
    return fail("a raw block is never closed: {% endraw %} is missing");
  }

  // True if the tag closes here; consumes the closing.
  bool closes(bool is_print) {
    const std::string_view end = is_print ? "}}" : "%}";
    const bool sign = rest().starts_with('-') || (!is_print && rest().starts_with('+'));
    if (!rest().substr(sign ? 1 : 0).starts_with(end)) return false;
    emit(is_print ? Token::Kind::print_end : Token::Kind::block_end, "");
    const char which = sign ? rest()[0] : ' ';
    advance(sign ? 3 : 2);
    if (is_print && which == '-') advance(blanks_at(at_));
    if (!is_print) after_closing(which);
    return true;
  }

  Status inside_tag(bool is_print) {
    std::string open;  // brackets not closed yet: within them "}}" is two brackets
    const uint32_t begin = line_;
    while (true) {
      advance(blanks_at(at_));
      if (at_ == source_.size())
        return template_error(Code::corrupt, begin, is_print ? "{{ is never closed" : "{% is never closed");
      if (open.empty() && closes(is_print)) return {};
      const char c = rest()[0];
      if (c == '"' || c == '\'') {
        SLUICE_TRY_VOID(string_literal(c));
      } else if (is_name_byte(c, true)) {
        size_t end = 1;
        while (end < rest().size() && is_name_byte(rest()[end], false)) ++end;
        emit(Token::Kind::name, std::string(rest().substr(0, end)));
        advance(end);
      } else if (c >= '0' && c <= '9') {
        SLUICE_TRY_VOID(number());
      } else {
        SLUICE_TRY_VOID(op(open));
      }
    }
  }

  Status string_literal(char quote) {
    size_t end = 1;
    while (end < rest().size() && rest()[end] != quote) end += rest()[end] == '\\' ? 2 : 1;
    if (end >= rest().size()) return fail("a string is never closed");
    Result<std::string> text = unescape(rest().substr(1, end - 1));
    if (!text.ok()) return fail(text.error().message);
    emit(Token::Kind::string, std::move(*text));
    advance(end + 1);
    return {};
  }

  Status number() {
    const bool after_dot = !tokens_.empty() && tokens_.back().kind == Token::Kind::op && tokens_.back().text == ".";
    SLUICE_TRY(const NumberLiteral literal, read_number(rest(), !after_dot));
    emit(literal.real ? Token::Kind::real : Token::Kind::integer, literal.digits);
    advance(literal.size);
    return {};
  }

  Status op(std::string& open) {
    for (const std::string_view candidate : kOperators) {
      if (!rest().starts_with(candidate)) continue;
      const size_t opening = std::string_view("([{").find(candidate);
      const size_t closing = std::string_view(")]}").find(candidate);
      if (opening != std::string_view::npos) open += ")]}"[opening];
      if (closing != std::string_view::npos) {
        if (open.empty() || open.back() != candidate[0]) return fail("unexpected '" + std::string(candidate) + "'");
        open.pop_back();
      }
      emit(Token::Kind::op, std::string(candidate));
      advance(candidate.size());
      return {};
    }
    return fail("unexpected character " + quote_text(rest().substr(0, 1)));
  }

  std::string_view source_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  bool line_starts_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

Error template_error(Code code, uint32_t line, std::string_view what) {
  return {code, "template line " + std::to_string(line) + ": " + std::string(what)};
}

Result<std::vector<Token>> lex_template(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    return Error{Code::over_budget, "template of " + std::to_string(source.size()) + " bytes; at most " +
                                        std::to_string(kMaxTemplateBytes) + " are accepted"};
  }
  const size_t valid = utf8_valid_prefix(source);
  if (valid < source.size()) {
    return Error{Code::corrupt, "template is not UTF-8 at byte " + std::to_string(valid)};
  }
  const std::string plain = with_plain_newlines(source);
  return Lexer(plain).run();
}

}  // namespace sluice::text

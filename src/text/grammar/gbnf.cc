#include "text/grammar/gbnf.h"

#include <algorithm>
#include <map>
#include <string>

#include "text/grammar/characters.h"
#include "text/quote.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr int kMostNesting = 100;
constexpr size_t kMostSource = 4 << 20;

bool in_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

class GbnfReader {
 public:
  GbnfReader(Grammar& grammar, std::string_view source) : grammar_(grammar), source_(source) {}

  Result<RuleId> read() {
    for (space(true); at_ < source_.size(); space(true)) SLUICE_TRY_VOID(rule());
    for (const auto& [name, rule] : rules_) {
      if (grammar_.rules()[static_cast<size_t>(rule)].body < 0) return bad("rule " + quote_text(name) + " is used but not defined");
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) return Error{Code::corrupt, "GBNF: there is no rule called root"};
    return root->second;
  }

 private:
  Error bad(std::string_view what) const {
    const auto line = 1 + std::count(source_.begin(), source_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return {Code::corrupt, "GBNF line " + std::to_string(line) + ": " + std::string(what)};
  }
  char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  bool take(std::string_view what) {
    if (!source_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  // White space and comments; line breaks only if `lines`.
  void space(bool lines) {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '#') {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string name() {
    const size_t from = at_;
    while (in_name(peek())) ++at_;
    return std::string(source_.substr(from, at_ - from));
  }

  RuleId rule_called(const std::string& name) {
    const auto known = rules_.find(name);
    if (known != rules_.end()) return known->second;
    return rules_.emplace(name, grammar_.declare(name)).first->second;
  }

  Status rule() {
    const std::string called = name();
    if (called.empty()) return bad("expected the name of a rule");
    space(false);
    if (!take("::=")) return bad("expected ::= behind " + quote_text(called));
    space(true);
    const RuleId rule = rule_called(called);
    if (grammar_.rules()[static_cast<size_t>(rule)].body >= 0) return bad("rule " + quote_text(called) + " is defined twice");
    SLUICE_TRY(const NodeId body, alternatives(0));
    grammar_.define(rule, body);
    if (at_ < source_.size() && peek() != '\n' && peek() != '\r') return bad("unexpected " + quote_text(source_.substr(at_, 1)));
    return {};
  }

  Result<NodeId> alternatives(int depth) {
    if (depth > kMostNesting) return Error{Code::over_budget, "GBNF: nested too deeply"};
    std::vector<NodeId> ways;
    do {
      space(true);
      SLUICE_TRY(const NodeId way, sequence(depth));
      ways.push_back(way);
    } while (take("|"));
    return grammar_.choice(ways);
  }

  Result<NodeId> sequence(int depth) {
    std::vector<NodeId> parts;
    while (true) {
      space(depth > 0);
      const char c = peek();
      if (at_ == source_.size() || c == '|' || c == ')' || c == '\n' || c == '\r') return grammar_.sequence(parts);
      SLUICE_TRY(NodeId part, item(depth));
      SLUICE_TRY_VOID(repeats(part, depth));
      parts.push_back(part);
    }
  }

  Result<NodeId> item(int depth) {
    if (take("\"")) return literal();
    if (take("[")) return set();
    if (take("(")) {
      SLUICE_TRY(const NodeId inner, alternatives(depth + 1));
      space(true);
      if (!take(")")) return bad("( without )");
      return inner;
    }
    if (take(".")) return one_of(grammar_, Characters::all(), Spelling::raw);
    if (peek() == '<' || peek() == '!') return Error{Code::unsupported, bad("tokens by name or number are not supported").message};
    const std::string called = name();
    if (called.empty()) return bad("unexpected " + quote_text(source_.substr(at_, 1)));
    return grammar_.call(rule_called(called));
  }

  Result<uint32_t> character() {
    if (at_ == source_.size()) return bad("the text ends inside quotes or brackets");
    if (!take("\\")) {
      const Utf8Step step = utf8_step(source_.substr(at_));
      if (step.kind != Utf8Step::complete) return bad("not UTF-8");
      at_ += step.size;
      return static_cast<uint32_t>(step.code_point);
    }
    if (at_ == source_.size()) return bad("the text ends inside an escape");
    const char c = source_[at_++];
    switch (c) {
      case 'n': return uint32_t{'\n'};
      case 'r': return uint32_t{'\r'};
      case 't': return uint32_t{'\t'};
      case 'x': return hex(2);
      case 'u': return hex(4);
      case 'U': return hex(8);
      case '\\': case '"': case '[': case ']': case '-': case '^': case '/': return static_cast<uint32_t>(c);
      default: return bad("unknown escape");
    }
  }

  Result<uint32_t> hex(int digits) {
    uint64_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const auto digit = std::string_view("0123456789abcdef").find(static_cast<char>(peek() | 0x20));
      if (digit == std::string_view::npos || (peek() < '0')) return bad("an escape without its hexadecimal digits");
      value = value * 16 + digit;
      ++at_;
    }
    if (value > Characters::kLast || (value >= 0xd800 && value <= 0xdfff)) return bad("not a character");
    return static_cast<uint32_t>(value);
  }

  Result<NodeId> literal() {
    std::string out;
    while (!take("\"")) {
      SLUICE_TRY(const uint32_t c, character());
      append_utf8(static_cast<char32_t>(c), out);
    }
    return grammar_.literal(out);
  }

  Result<NodeId> set() {
    const bool negated = take("^");
    Characters out;
    while (!take("]")) {
      SLUICE_TRY(const uint32_t from, character());
      uint32_t to = from;
      if (peek() == '-' && !source_.substr(at_).starts_with("-]")) {
        ++at_;
        SLUICE_TRY(to, character());
      }
      if (to < from) return bad("a range that is none");
      out.add(from, to);
    }
    return one_of(grammar_, negated ? out.complement() : out, Spelling::raw);
  }

  Result<int32_t> count(int32_t without) {
    space(false);
    if (peek() < '0' || peek() > '9') return without;
    int64_t value = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
      value = value * 10 + (peek() - '0');
      if (value > kMostRepeats) return bad("a count above 1000000");
    }
    space(false);
    return static_cast<int32_t>(value);
  }

  Status repeats(NodeId& node, int) {
    for (int times = 0; times < kMostNesting; ++times) {
      space(false);
      int32_t least = 0, most = -1;
      if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (take("{")) {
        const bool upper_only = peek() == ',';
        SLUICE_TRY(least, count(upper_only ? 0 : -1));
        if (least < 0) return bad("{ without a count");
        most = least;
        if (take(",")) {
          SLUICE_TRY(most, count(-1));
        }
        if (!take("}")) return bad("{ without }");
        if (most >= 0 && most < least) return bad("counts in the wrong order");
      } else if (!take("*")) {
        return {};
      }
      node = grammar_.repeat(node, least, most);
    }
    return bad("too many repeats of repeats");
  }

  Grammar& grammar_;
  std::string_view source_;
  size_t at_ = 0;
  std::map<std::string, RuleId> rules_;
};

}  // namespace

Result<RuleId> parse_gbnf(Grammar& grammar, std::string_view source) {
  if (source.size() > kMostSource) return Error{Code::over_budget, "GBNF: larger than 4 MiB"};
  return GbnfReader(grammar, source).read();
}

}  // namespace sluice::text

#include "text/grammar/json_pieces.h"

#include "text/grammar/until.h"

namespace sluice::text {
namespace {

const ByteSet kDigits = ByteSet::range('0', '9');
const ByteSet kHex = ByteSet::of("0123456789abcdefABCDEF");

NodeId white_space(Grammar& g) {
  const NodeId line = g.sequence({g.literal("\n"), g.repeat(g.bytes(ByteSet::of(" ")), 0, 20)});
  return g.call(g.rule("space", g.optional(g.choice({g.literal(" "), line}))));
}

// JSON in which every '<' is escaped; it can only be part of a string.
std::string without_tags(std::string_view json) {
  std::string out;
  for (char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

JsonPieces::JsonPieces(Grammar& g, const JsonStyleOptions& style)
    : grammar_(g), style_(style), space_(style.compact ? g.empty() : white_space(g)) {
  colon_ = g.sequence({g.literal(":"), space_});
  comma_ = g.sequence({g.literal(","), space_});
}

NodeId JsonPieces::character() {
  if (character_ >= 0) return character_;
  Grammar& g = grammar_;
  Characters plain, escaped;
  plain.add(0x20, Characters::kLast);
  escaped.add('"', '"');
  escaped.add('\\', '\\');
  if (style_.tagged) escaped.add('<', '<');
  const NodeId hex = g.bytes(kHex);
  const NodeId low = g.sequence({g.bytes(ByteSet::of("0123456789abcefABCEF")), hex, hex, hex});
  const NodeId high = g.sequence({g.bytes(ByteSet::of("dD")), g.bytes(ByteSet::range('0', '7')), hex, hex});
  const NodeId unicode = g.sequence({g.literal("u"), g.choice({low, high})});
  const NodeId escape = g.sequence({g.literal("\\"), g.choice({g.bytes(ByteSet::of("\"\\/bfnrt")), unicode})});
  return character_ = g.choice({one_of(g, plain.without(escaped), Spelling::raw), escape});
}

NodeId JsonPieces::exactly(const Value& value) {
  const auto spelled = [&](const JsonStyle& style) {
    const std::string text = to_json(value, style);
    return grammar_.literal(style_.tagged ? without_tags(text) : text);
  };
  const NodeId compact = spelled({.item_separator = ",", .key_separator = ":"});
  const bool nested = value.is_list() || value.is_map();
  return nested && !style_.compact ? grammar_.choice({compact, spelled({})}) : compact;
}

NodeId JsonPieces::string() {
  if (string_ < 0) {
    Grammar& g = grammar_;
    string_ = g.rule("string", g.sequence({g.literal("\""), g.repeat(character(), 0, -1), g.literal("\"")}));
  }
  return grammar_.call(string_);
}

NodeId JsonPieces::integer() {
  Grammar& g = grammar_;
  if (digits_ < 0) {
    const NodeId more = g.repeat(g.bytes(kDigits), 0, 17);
    digits_ = g.choice({g.literal("0"), g.sequence({g.bytes(ByteSet::range('1', '9')), more})});
  }
  return g.sequence({g.optional(g.literal("-")), digits_});
}

NodeId JsonPieces::number() {
  Grammar& g = grammar_;
  const NodeId whole = integer(), digit = g.bytes(kDigits);
  const NodeId fraction = g.sequence({g.literal("."), g.repeat(digit, 1, 16)});
  const NodeId sign = g.optional(g.bytes(ByteSet::of("+-")));
  const NodeId exponent = g.sequence({g.bytes(ByteSet::of("eE")), sign, g.repeat(digit, 1, 2)});
  return g.sequence({whole, g.optional(fraction), g.optional(exponent)});
}

NodeId JsonPieces::object(NodeId members) {
  return grammar_.sequence({grammar_.literal("{"), space_, members, space_, grammar_.literal("}")});
}

NodeId JsonPieces::array(NodeId items) {
  return grammar_.sequence({grammar_.literal("["), space_, items, space_, grammar_.literal("]")});
}

NodeId JsonPieces::member(NodeId key, NodeId value) { return grammar_.sequence({key, colon_, value}); }

NodeId JsonPieces::list(NodeId item) {
  Grammar& g = grammar_;
  return g.optional(g.sequence({item, g.repeat(g.sequence({comma_, item}), 0, -1)}));
}

NodeId JsonPieces::tagged_text() {
  if (tagged_text_ < 0) {
    const Mark marks[] = {{.text = "</parameter>"}, {.text = "</tool_call>", .forbidden = true}};
    tagged_text_ = grammar_.rule("tagged text", text_until(grammar_, marks, {}));
  }
  return grammar_.call(tagged_text_);
}

NodeId JsonPieces::value() {
  if (value_ < 0) define_value();
  return grammar_.call(value_);
}

void JsonPieces::define_value() {
  value_ = grammar_.declare("value");
  const NodeId inner = grammar_.call(value_);
  const NodeId entries = list(member(string(), inner)), items = list(inner);
  grammar_.define(value_, grammar_.choice({object(entries), array(items), string(), number(), boolean(), null()}));
}

}  // namespace sluice::text

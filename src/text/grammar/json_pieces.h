// The parts that JSON texts are made of, each made once a grammar. Everything they produce is read by any JSON parser:
// strings are valid UTF-8 without surrogate escapes, numbers fit 64-bit integers or doubles.
#pragma once

#include <optional>
#include <string_view>

#include "text/grammar/characters.h"
#include "text/grammar/grammar.h"
#include "text/value.h"

namespace sluice::text {

struct JsonStyleOptions {
  // No white space. Else, where JSON allows some after ':' and ',' and inside brackets, a blank or a line break with at
  // most 20 blanks behind it.
  bool compact = false;
  bool tagged = false;  // '<' never stands for itself: for JSON between tags
};

class JsonPieces {
 public:
  JsonPieces(Grammar& grammar, const JsonStyleOptions& style);

  Grammar& grammar() { return grammar_; }
  const JsonStyleOptions& style() const { return style_; }
  // This value and no other, spelled one way (and with the space of the style left out or written everywhere).
  NodeId exactly(const Value& value);
  NodeId space() const { return space_; }
  NodeId colon() const { return colon_; }  // with its space
  NodeId comma() const { return comma_; }
  NodeId character();  // one of a string, by whatever spelling
  NodeId string();
  NodeId number();
  NodeId integer();
  NodeId value();      // anything; objects may repeat keys
  // Any text up to and with </parameter>. </tool_call> may not occur: readers of broken calls end them there.
  NodeId tagged_text();
  NodeId null() { return grammar_.literal("null"); }
  NodeId boolean() { return grammar_.choice({grammar_.literal("true"), grammar_.literal("false")}); }

  // '{' and '}', '[' and ']' around members, space inside.
  NodeId object(NodeId members);
  NodeId array(NodeId items);
  // "key": value, for a key's JSON text.
  NodeId member(NodeId key, NodeId value);
  // None or more of `item` with commas between.
  NodeId list(NodeId item);

 private:
  void define_value();

  Grammar& grammar_;
  JsonStyleOptions style_;
  NodeId space_, colon_, comma_;
  NodeId character_ = -1, digits_ = -1;
  RuleId string_ = -1, value_ = -1, tagged_text_ = -1;
};

// Bounds of a number; both may be missing. An exclusive bound does not include itself.
struct NumberRange {
  std::optional<int64_t> least, most;
  bool open_least = false, open_most = false;
};

constexpr int64_t kMostInteger = 999'999'999'999'999'999;  // 18 digits: what numbers with a bound on one side reach

// Integers in least..most, as JSON writes them. Empty ranges match nothing.
NodeId integers_between(Grammar& grammar, int64_t least, int64_t most);
// Decimals in the range, without exponents and with at most 16 places.
NodeId decimals_between(Grammar& grammar, const NumberRange& range);

}  // namespace sluice::text

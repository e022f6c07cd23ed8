#include "text/grammar/pattern.h"

#include "text/grammar/pattern_class.h"

namespace sluice::text {
namespace {

constexpr int kMostNesting = 100;

// Recursive descent: alternatives of sequences of repeated atoms.
class PatternReader {
 public:
  PatternReader(Grammar& grammar, std::string_view pattern, Spelling spelling, NodeId any)
      : grammar_(grammar), cursor_(pattern), spelling_(spelling), anything_(grammar.repeat(any, 0, -1)) {}

  Result<NodeId> read() {
    SLUICE_TRY(const NodeId out, alternatives(0));
    if (!cursor_.done()) return cursor_.bad("a ) without (");
    return out;
  }

 private:
  Result<NodeId> alternatives(int depth) {
    if (depth > kMostNesting) return Error{Code::over_budget, "the pattern nests too deeply"};
    std::vector<NodeId> ways;
    do {
      SLUICE_TRY(const NodeId way, sequence(depth));
      ways.push_back(way);
    } while (cursor_.take("|"));
    return grammar_.choice(ways);
  }

  // At the top anchors may stand at either end; a side without one is open.
  Result<NodeId> sequence(int depth) {
    std::vector<NodeId> parts;
    const bool top = depth == 0;
    if (top && !cursor_.take("^")) parts.push_back(anything_);
    bool anchored = false;
    while (!cursor_.done() && cursor_.peek() != '|' && cursor_.peek() != ')') {
      if (anchored) return cursor_.refused("something behind $");
      if (top && cursor_.take("$")) {
        anchored = true;
        continue;
      }
      SLUICE_TRY(const NodeId part, repeated(depth));
      parts.push_back(part);
    }
    if (top && !anchored) parts.push_back(anything_);
    return grammar_.sequence(parts);
  }

  Result<NodeId> repeated(int depth) {
    SLUICE_TRY(const NodeId node, atom(depth));
    int32_t least = 1, most = 1;
    if (cursor_.take("*")) {
      least = 0, most = -1;
    } else if (cursor_.take("+")) {
      most = -1;
    } else if (cursor_.take("?")) {
      least = 0;
    } else if (cursor_.take("{")) {
      SLUICE_TRY_VOID(counts(least, most));
    } else {
      return node;
    }
    static_cast<void>(cursor_.take("?"));  // lazy: the same language
    const char next = cursor_.peek();
    if (next == '*' || next == '+' || next == '?' || next == '{') return cursor_.bad("a repeat of a repeat");
    return grammar_.repeat(node, least, most);
  }

  Status counts(int32_t& least, int32_t& most) {
    least = most = cursor_.take_number();
    if (least < 0) return cursor_.bad("{ without a count (at most 1000000)");
    if (cursor_.take(",")) {
      const bool open = cursor_.peek() == '}';
      most = open ? -1 : cursor_.take_number();
      if (!open && most < least) return cursor_.bad("counts in the wrong order, or above 1000000");
    }
    if (!cursor_.take("}")) return cursor_.bad("{ without }");
    return {};
  }

  Result<NodeId> atom(int depth) {
    if (cursor_.take("(")) return group(depth);
    if (cursor_.take("[")) {
      SLUICE_TRY(const Characters set, take_class(cursor_));
      return one_of(grammar_, set, spelling_);
    }
    if (cursor_.take("\\")) {
      SLUICE_TRY(const Characters set, take_escape(cursor_, false));
      return one_of(grammar_, set, spelling_);
    }
    if (cursor_.take(".")) return one_of(grammar_, any_but_line_ends(), spelling_);
    const char c = cursor_.peek();
    if (c == '^' || c == '$') return cursor_.refused("an anchor inside");
    if (c == '*' || c == '+' || c == '?') return cursor_.bad("a repeat of nothing");
    if (c == '{' || c == '}' || c == ']') return cursor_.bad("a bracket without its partner (write \\ before it)");
    Characters set;
    const uint32_t point = cursor_.take_character();
    set.add(point, point);
    return one_of(grammar_, set, spelling_);
  }

  Result<NodeId> group(int depth) {
    if (cursor_.next_is("?") && !cursor_.take("?:")) return cursor_.refused("a group that begins with (?");
    SLUICE_TRY(const NodeId out, alternatives(depth + 1));
    if (!cursor_.take(")")) return cursor_.bad("( without )");
    return out;
  }

  Grammar& grammar_;
  PatternCursor cursor_;
  Spelling spelling_;
  NodeId anything_;
};

}  // namespace

Result<NodeId> pattern_text(Grammar& grammar, std::string_view pattern, Spelling spelling, NodeId any) {
  return PatternReader(grammar, pattern, spelling, any).read();
}

}  // namespace sluice::text

#include "text/grammar/pattern_class.h"

#include <string>

#include "text/quote.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<uint32_t> take_hex(PatternCursor& cursor, int least, int most) {
  uint32_t value = 0;
  int count = 0;
  for (; count < most && hex_value(cursor.peek()) >= 0 && !cursor.done(); ++count) {
    value = value * 16 + static_cast<uint32_t>(hex_value(cursor.peek()));
    static_cast<void>(cursor.take_character());
  }
  if (count < least || value > Characters::kLast) return cursor.bad("an escape without its hexadecimal digits");
  return value;
}

Result<uint32_t> take_code_point(PatternCursor& cursor, char kind) {
  if (kind == 'x') return take_hex(cursor, 2, 2);
  if (!cursor.take("{")) return take_hex(cursor, 4, 4);
  SLUICE_TRY(const uint32_t value, take_hex(cursor, 1, 8));
  if (!cursor.take("}")) return cursor.bad("\\u{ without }");
  return value;
}

Characters single(uint32_t c) {
  Characters out;
  out.add(c, c);
  return out;
}

Characters digits() {
  Characters out;
  out.add('0', '9');
  return out;
}

Characters word_characters() {
  Characters out = digits();
  out.add('a', 'z');
  out.add('A', 'Z');
  out.add('_', '_');
  return out;
}

Characters spaces() {
  Characters out;
  out.add('\t', '\r');
  for (uint32_t c : {0x20u, 0xa0u, 0x1680u, 0x2028u, 0x2029u, 0x202fu, 0x205fu, 0x3000u, 0xfeffu}) out.add(c, c);
  out.add(0x2000, 0x200a);
  return out;
}

// One member of a class: a set, or a character that may begin a range.
struct Member {
  Characters set;
  int64_t character = -1;
};

Result<Member> take_member(PatternCursor& cursor) {
  if (!cursor.take("\\")) {
    const uint32_t c = cursor.take_character();
    return Member{single(c), c};
  }
  SLUICE_TRY(Characters set, take_escape(cursor, true));
  const auto ranges = set.sorted();
  const bool one = ranges.size() == 1 && ranges[0].least == ranges[0].most;
  return Member{std::move(set), one ? int64_t{ranges[0].least} : -1};
}

}  // namespace

uint32_t PatternCursor::take_character() {
  const Utf8Step step = utf8_step(text_.substr(at_));
  at_ += step.size;
  return step.kind == Utf8Step::complete ? static_cast<uint32_t>(step.code_point) : 0xfffd;
}

int32_t PatternCursor::take_number() {
  int64_t value = -1;
  while (peek() >= '0' && peek() <= '9') {
    value = (value < 0 ? 0 : value) * 10 + (text_[at_++] - '0');
    if (value > kMostRepeats) return -1;
  }
  return static_cast<int32_t>(value);
}

Error PatternCursor::bad(std::string_view what) const {
  return {Code::corrupt, "pattern " + quote_text(text_) + ": " + std::string(what) + " at byte " + std::to_string(at_)};
}

Error PatternCursor::refused(std::string_view what) const {
  return {Code::unsupported, "pattern " + quote_text(text_) + ": " + std::string(what) + " is not supported (byte " + std::to_string(at_) + ")"};
}

Characters any_but_line_ends() {
  Characters ends;
  for (uint32_t c : {0x0au, 0x0du, 0x2028u, 0x2029u}) ends.add(c, c);
  return ends.complement();
}

Result<Characters> take_escape(PatternCursor& cursor, bool in_class) {
  if (cursor.done()) return cursor.bad("a backslash with nothing behind it");
  const uint32_t c = cursor.take_character();
  switch (c) {
    case 'd': return digits();
    case 'D': return digits().complement();
    case 'w': return word_characters();
    case 'W': return word_characters().complement();
    case 's': return spaces();
    case 'S': return spaces().complement();
    case 'n': return single('\n');
    case 't': return single('\t');
    case 'r': return single('\r');
    case 'f': return single('\f');
    case 'v': return single('\v');
    case '0': return single(0);
    case 'x':
    case 'u': {
      SLUICE_TRY(const uint32_t value, take_code_point(cursor, static_cast<char>(c)));
      return single(value);
    }
    case 'b':
      if (in_class) return single('\b');
      break;
    default:
      break;
  }
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  if (letter) return cursor.refused("\\" + std::string(1, static_cast<char>(c)));
  return single(c);
}

Result<Characters> take_class(PatternCursor& cursor) {
  const bool negated = cursor.take("^");
  Characters out;
  while (!cursor.take("]")) {
    if (cursor.done()) return cursor.bad("[ without ]");
    SLUICE_TRY(Member from, take_member(cursor));
    const size_t dash = cursor.at();
    if (!cursor.take("-") || cursor.next_is("]")) {
      cursor.back_to(dash);
      out.add(from.set);
      continue;
    }
    if (cursor.done()) return cursor.bad("[ without ]");
    SLUICE_TRY(const Member to, take_member(cursor));
    if (from.character < 0 || to.character < from.character) return cursor.bad("a range that is none");
    out.add(static_cast<uint32_t>(from.character), static_cast<uint32_t>(to.character));
  }
  return negated ? out.complement() : out;
}

}  // namespace sluice::text

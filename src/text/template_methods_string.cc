// Methods of str that cut, search and change case.
#include <algorithm>

#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_printf.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

template <Case to>
Result<Value> change_case(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 16));
  return runtime.string(with_case(self.as_text(), to));
}

template <Sides sides>
Result<Value> strip_sides(Runtime& runtime, const Value& self, const Arguments& args) {
  const Text& text = self.as_text();
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 64));
  if (!has_argument(args, 0) || args.positional[0].is_none()) return runtime.string(strip(text, sides, std::nullopt));
  SLUICE_TRY(const Text chars, text_argument(runtime, args, 0));
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 64 * (chars.size() + 1)));
  return runtime.string(strip(text, sides, chars.view()));
}

// Pieces cost far more than the text that they are cut from: each is paid for before the next.
TakePiece kept_in(Runtime& runtime, std::vector<Value>& items, uint64_t steps = 0) {
  return [&runtime, &items, steps](Text piece) -> Status {
    items.push_back(runtime.string(std::move(piece)));
    return runtime.budget().step(steps);
  };
}

template <bool from_right>
Result<Value> split_text(Runtime& runtime, const Value& self, const Arguments& args) {
  const Text& text = self.as_text();
  SLUICE_TRY(const int64_t limit, integer_argument(args, 1, -1));
  std::vector<Value> items;
  const TakePiece keep = kept_in(runtime, items, 1);
  if (!has_argument(args, 0) || args.positional[0].is_none()) {
    SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8));
    SLUICE_TRY_VOID(from_right ? split_space_right(text, limit, keep) : split_space(text, limit, keep));
  } else {
    SLUICE_TRY(const Text separator, text_argument(runtime, args, 0));
    if (separator.empty()) return Error{Code::invalid, "split(): empty separator"};
    // Searching from the right compares naively: its worst case is paid for.
    SLUICE_TRY_VOID(runtime.budget().step(text.size() / 32 * (from_right ? separator.size() : 1)));
    SLUICE_TRY_VOID(from_right ? split_right(text, separator.view(), limit, keep)
                               : split(text, separator.view(), limit, keep));
  }
  if (from_right) std::reverse(items.begin(), items.end());
  return runtime.list(std::move(items));
}

Result<Value> lines(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 8));
  std::vector<Value> items;
  SLUICE_TRY_VOID(split_lines(self.as_text(), flag_argument(args, 0, false), kept_in(runtime, items)));
  return runtime.list(std::move(items));
}

Result<Value> partition(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text separator, text_argument(runtime, args, 0));
  if (separator.empty()) return Error{Code::invalid, "partition(): empty separator"};
  std::vector<Value> parts;
  SLUICE_TRY_VOID(split(self.as_text(), separator.view(), 1, kept_in(runtime, parts)));
  const bool found = parts.size() == 2;
  parts.insert(parts.begin() + 1, runtime.string(found ? separator : Text()));
  if (!found) parts.push_back(runtime.string(Text()));
  return runtime.list(std::move(parts), ListKind::tuple);
}

template <bool at_end>
Result<Value> touches(Runtime& runtime, const Value& self, const Arguments& args) {
  std::vector<Value> options{args.positional[0]};
  if (options[0].is_list() && options[0].as_list().kind == ListKind::tuple) {
    SLUICE_TRY(options, iterate(runtime, args.positional[0]));
  }
  const std::string_view text = self.as_text().view();
  for (const Value& option : options) {
    SLUICE_TRY_VOID(runtime.budget().step(1 + text.size() / 256));
    if (!option.is_string()) return Error{Code::invalid, "startswith/endswith needs a string or a tuple of strings"};
    const std::string_view part = option.as_text().view();
    if (at_end ? text.ends_with(part) : text.starts_with(part)) return Value::boolean(true);
  }
  return Value::boolean(false);
}

Result<Value> replaced(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text from, text_argument(runtime, args, 0));
  SLUICE_TRY(const Text to, text_argument(runtime, args, 1));
  SLUICE_TRY(const int64_t limit, integer_argument(args, 2, -1));
  const Text& text = self.as_text();
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 16));
  const bool one_origin = text.uniform() && (to.empty() || (to.uniform() && to.origin() == text.origin()));
  const uint64_t all = count_matches(text.view(), from.view());
  const uint64_t matches = limit < 0 ? all : std::min(all, static_cast<uint64_t>(limit));
  const uint64_t each = to.footprint() + (one_origin ? 0 : 2 * Text::kMarkBytes);
  SLUICE_TRY_VOID(runtime.budget().reserve(text.footprint() + matches * each));
  return runtime.string(replace(text, from.view(), to, limit));
}

enum class Search { find, rfind, index, rindex };

template <Search search>
Result<Value> locate(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text needle, text_argument(runtime, args, 0));
  const std::string_view text = self.as_text().view();
  const bool right = search == Search::rfind || search == Search::rindex;
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8 * (right ? needle.size() + 1 : 1)));
  const int64_t size = static_cast<int64_t>(count_characters(text));
  SLUICE_TRY(int64_t start, integer_argument(args, 1, 0));
  SLUICE_TRY(int64_t stop, integer_argument(args, 2, size));
  if (start < 0) start = std::max<int64_t>(0, start + size);
  stop = stop < 0 ? std::max<int64_t>(0, stop + size) : std::min(stop, size);
  size_t found = std::string_view::npos;
  if (start <= stop) {
    const size_t begin = offset_of(text, static_cast<size_t>(start));
    const std::string_view range = text.substr(begin, offset_of(text, static_cast<size_t>(stop)) - begin);
    found = right ? range.rfind(needle.view()) : find_bytes(range, needle.view(), 0);
    if (found != std::string_view::npos) found = count_characters(text.substr(0, begin + found));
  }
  if (found != std::string_view::npos) return Value::integer(static_cast<int64_t>(found));
  if (search == Search::find || search == Search::rfind) return Value::integer(-1);
  return Error{Code::invalid, "index(): substring not found"};
}

Result<Value> count(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text needle, text_argument(runtime, args, 0));
  SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 16));
  return Value::integer(static_cast<int64_t>(count_matches(self.as_text().view(), needle.view())));
}

template <bool at_end>
Result<Value> remove_affix(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text affix, text_argument(runtime, args, 0));
  const Text& text = self.as_text();
  if (!(at_end ? text.view().ends_with(affix.view()) : text.view().starts_with(affix.view()))) return self;
  if (at_end) return runtime.string(text.slice(0, text.size() - affix.size()));
  return runtime.string(text.slice(affix.size(), text.size()));
}

Result<Value> join(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, args.positional[0]));
  Text out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_string()) return Error{Code::invalid, "join(): item " + std::to_string(i) + " is not a string"};
    SLUICE_TRY_VOID(
        runtime.budget().reserve(out.footprint() + self.as_text().footprint() + items[i].as_text().footprint()));
    if (i > 0) out.append(self.as_text());
    out.append(items[i].as_text());
  }
  return runtime.string(std::move(out));
}

Result<Value> format(Runtime& runtime, const Value& self, const Arguments& args) {
  return brace_format(runtime, self.as_text(), args);
}

constexpr Builtin kMethods[] = {
    {"strip", "chars", 0, strip_sides<Sides::both>},
    {"lstrip", "chars", 0, strip_sides<Sides::left>},
    {"rstrip", "chars", 0, strip_sides<Sides::right>},
    {"split", "sep maxsplit", 0, split_text<false>},
    {"rsplit", "sep maxsplit", 0, split_text<true>},
    {"splitlines", "keepends", 0, lines},
    {"partition", "sep", 1, partition},
    {"startswith", "prefix", 1, touches<false>},
    {"endswith", "suffix", 1, touches<true>},
    {"replace", "old new count", 2, replaced},
    {"find", "sub start end", 1, locate<Search::find>},
    {"rfind", "sub start end", 1, locate<Search::rfind>},
    {"index", "sub start end", 1, locate<Search::index>},
    {"rindex", "sub start end", 1, locate<Search::rindex>},
    {"count", "sub", 1, count},
    {"join", "iterable", 1, join},
    {"format", "*", 0, format},
    {"removeprefix", "prefix", 1, remove_affix<false>},
    {"removesuffix", "suffix", 1, remove_affix<true>},
    {"upper", "", 0, change_case<Case::upper>},
    {"lower", "", 0, change_case<Case::lower>},
    {"title", "", 0, change_case<Case::title>},
    {"capitalize", "", 0, change_case<Case::capital>},
    {"swapcase", "", 0, change_case<Case::swapped>},
    {"casefold", "", 0, change_case<Case::lower>},
};

}  // namespace

std::span<const Builtin> string_methods() {
  return kMethods;
}

}  // namespace sluice::text

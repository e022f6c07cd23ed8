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

template <bool from_right>
Result<Value> split_text(Runtime& runtime, const Value& self, const Arguments& args) {
  const Text& text = self.as_text();
  SLUICE_TRY(const int64_t limit, integer_argument(args, 1, -1));
  std::vector<Text> parts;
  if (!has_argument(args, 0) || args.positional[0].is_none()) {
    SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8));
    parts = from_right ? split_space_right(text, limit) : split_space(text, limit);
  } else {
    SLUICE_TRY(const Text separator, text_argument(runtime, args, 0));
    if (separator.empty()) return Error{Code::invalid, "split(): empty separator"};
    // Searching from the right compares naively: its worst case is paid for.
    SLUICE_TRY_VOID(runtime.budget().step(text.size() / 32 * (from_right ? separator.size() : 1)));
    parts = from_right ? split_right(text, separator.view(), limit) : split(text, separator.view(), limit);
  }
  SLUICE_TRY_VOID(runtime.budget().step(parts.size()));
  std::vector<Value> items;
  for (Text& part : parts) items.push_back(runtime.string(std::move(part)));
  return runtime.list(std::move(items));
}

Result<Value> lines(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 8));
  std::vector<Value> items;
  for (Text& line : split_lines(self.as_text(), flag_argument(args, 0, false))) {
    items.push_back(runtime.string(std::move(line)));
  }
  return runtime.list(std::move(items));
}

Result<Value> partition(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text separator, text_argument(runtime, args, 0));
  if (separator.empty()) return Error{Code::invalid, "partition(): empty separator"};
  std::vector<Text> parts = split(self.as_text(), separator.view(), 1);
  const bool found = parts.size() == 2;
  return runtime.list(
      {runtime.string(parts[0]), runtime.string(found ? separator : Text()), runtime.string(found ? parts[1] : Text())},
      ListKind::tuple);
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
  const uint64_t matches = count_matches(text.view(), from.view());
  SLUICE_TRY_VOID(runtime.budget().reserve(text.size() + matches * to.size()));
  return runtime.string(replace(text, from.view(), to, limit));
}

enum class Search { find, rfind, index, rindex };

template <Search search>
Result<Value> locate(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text needle, text_argument(runtime, args, 0));
  const std::string_view text = self.as_text().view();
  const bool right = search == Search::rfind || search == Search::rindex;
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8 * (right ? needle.size() + 1 : 1)));
  const std::vector<size_t> at = boundaries(text);
  const int64_t size = static_cast<int64_t>(at.size()) - 1;
  SLUICE_TRY(int64_t start, integer_argument(args, 1, 0));
  SLUICE_TRY(int64_t stop, integer_argument(args, 2, size));
  if (start < 0) start = std::max<int64_t>(0, start + size);
  stop = stop < 0 ? std::max<int64_t>(0, stop + size) : std::min(stop, size);
  size_t found = std::string_view::npos;
  if (start <= stop) {
    const size_t begin = at[static_cast<size_t>(start)];
    const std::string_view range = text.substr(begin, at[static_cast<size_t>(stop)] - begin);
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
    SLUICE_TRY_VOID(runtime.budget().reserve(out.size() + self.as_text().size() + items[i].as_text().size()));
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

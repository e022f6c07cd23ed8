// Filters that give text. from_json is not Jinja2's: published templates (DeepSeek) use it where the renderer offers
// it.
#include <algorithm>

#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_printf.h"
#include "text/template_sequences.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

// Jinja2's text filters take anything and make it a string first.
Result<Value> as_string(Runtime& runtime, const Value& self) {
  if (self.is_string()) return self;
  SLUICE_TRY(Text text, to_str(runtime, self));
  return runtime.string(std::move(text));
}

Result<Value> string(Runtime& runtime, const Value& self, const Arguments&) {
  return as_string(runtime, self);
}

Result<Value> by_method(Runtime& runtime, const Value& self, const Arguments& args, std::string_view name) {
  SLUICE_TRY(const Value text, as_string(runtime, self));
  return run_builtin(runtime, *find_method(text, name), text, args);
}

Result<Value> upper(Runtime& runtime, const Value& self, const Arguments& args) {
  return by_method(runtime, self, args, "upper");
}
Result<Value> lower(Runtime& runtime, const Value& self, const Arguments& args) {
  return by_method(runtime, self, args, "lower");
}
Result<Value> capitalize(Runtime& runtime, const Value& self, const Arguments& args) {
  return by_method(runtime, self, args, "capitalize");
}
Result<Value> trim(Runtime& runtime, const Value& self, const Arguments& args) {
  return by_method(runtime, self, args, "strip");
}
Result<Value> center(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const int64_t width, integer_argument(args, 0, 80));
  return by_method(runtime, self, {{Value::integer(width)}, {}}, "center");
}

Result<Value> replace(Runtime& runtime, const Value& self, const Arguments& args) {
  Arguments as_text;
  for (size_t i = 0; i < 2; ++i) {
    SLUICE_TRY(as_text.positional.emplace_back(), as_string(runtime, args.positional[i]));
  }
  SLUICE_TRY(const int64_t count, integer_argument(args, 2, -1));
  as_text.positional.push_back(Value::integer(count));
  return by_method(runtime, self, as_text, "replace");
}

// Words start after blanks, dashes and opening brackets.
Result<Value> title(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(const Value source, as_string(runtime, self));
  const Text& text = source.as_text();
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8));
  Text out;
  bool starts = true;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = character_end(text.view(), begin);
    const Text one = text.slice(begin, end);
    out.append(with_case(one, starts ? Case::upper : Case::lower));
    starts =
        strip(one, Sides::both, std::nullopt).empty() || one.view().find_first_of("-({[<") != std::string_view::npos;
  }
  return runtime.string(std::move(out));
}

Result<Value> escape(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(const Value source, as_string(runtime, self));
  const Text& text = source.as_text();
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8));
  SLUICE_TRY_VOID(runtime.budget().reserve(text.footprint()));
  Text out;
  for (size_t i = 0; i < text.size();) {
    const size_t special = std::min(text.view().find_first_of("&<>'\"", i), text.size());
    out.append(text, i, special);
    i = special + 1;
    if (special == text.size()) break;
    const char c = text.bytes()[special];
    const std::string_view name = c == '&'    ? "&amp;"
                                  : c == '<'  ? "&lt;"
                                  : c == '>'  ? "&gt;"
                                  : c == '\'' ? "&#39;"
                                              : "&#34;";
    out.append(name, text.origin_at(special));
  }
  return runtime.string(std::move(out));
}

Status read_separators(const Value& value, JsonStyle& style) {
  if (value.is_undefined() || value.is_none()) {
    if (style.indent >= 0) style.item_separator = ",";
    return {};
  }
  if (!value.is_list() || value.as_list().items.size() != 2)
    return Error{Code::invalid, "tojson: separators must be a pair"};
  for (const Value& item : value.as_list().items) {
    if (!item.is_string() || item.as_text().size() > 16)
      return Error{Code::invalid, "tojson: separators must be short strings"};
  }
  style.item_separator = value.as_list().items[0].as_text().bytes();
  style.key_separator = value.as_list().items[1].as_text().bytes();
  return {};
}

Result<Value> tojson(Runtime& runtime, const Value& self, const Arguments& args) {
  JsonStyle style;
  style.ensure_ascii = flag_argument(args, 0, false);
  SLUICE_TRY(const int64_t indent, integer_argument(args, 1, -1));
  if (indent > 64) return Error{Code::invalid, "tojson: an indent above 64"};
  style.indent = static_cast<int>(std::max<int64_t>(indent, -1));
  SLUICE_TRY_VOID(read_separators(args.positional[2], style));
  style.sort_keys = flag_argument(args, 3, false);
  SLUICE_TRY(Text text, to_json_text(runtime, self, style));
  return runtime.string(std::move(text));
}

Result<Value> from_json(Runtime& runtime, const Value& self, const Arguments&) {
  if (!self.is_string()) return Error{Code::invalid, "from_json: a string is needed"};
  SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 8));
  SLUICE_TRY(const Value value, parse_json(self.as_text().view()));
  return runtime.adopt(value);
}

Result<Value> indent(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Value source, as_string(runtime, self));
  Text pad;
  if (args.positional[0].is_string()) {
    pad = args.positional[0].as_text();
  } else {
    SLUICE_TRY(const int64_t width, integer_argument(args, 0, 4));
    if (width > 10000) return Error{Code::invalid, "indent: a width above 10000"};
    pad.append(std::string(static_cast<size_t>(std::max<int64_t>(0, width)), ' '), Origin::markup);
  }
  const bool blank = flag_argument(args, 2, false);
  Text with_end = source.as_text();
  with_end.append("\n", source.as_text().origin());
  SLUICE_TRY_VOID(runtime.budget().step(with_end.size() / 8));
  Text out;
  bool first = true;
  const TakePiece add = [&](Text line) -> Status {
    SLUICE_TRY_VOID(runtime.budget().reserve(out.footprint() + pad.footprint() + line.footprint()));
    if (!first) out.append("\n", line.origin());
    if (first ? flag_argument(args, 1, false) : blank || !line.empty()) out.append(pad);
    out.append(line);
    first = false;
    return {};
  };
  SLUICE_TRY_VOID(split_lines(with_end, false, add));
  return runtime.string(std::move(out));
}

Result<Value> format(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Value source, as_string(runtime, self));
  if (args.named.empty()) {
    return printf_format(runtime, source.as_text(), runtime.list(args.positional, ListKind::tuple));
  }
  if (!args.positional.empty()) return Error{Code::invalid, "format: positional or named arguments, not both"};
  const Value named = runtime.map();
  SLUICE_TRY_VOID(fill_map(runtime, named, args));
  return printf_format(runtime, source.as_text(), named);
}

Result<Value> wordcount(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(const Value source, as_string(runtime, self));
  SLUICE_TRY_VOID(runtime.budget().step(source.as_text().size() / 8));
  int64_t words = 0;
  bool inside = false;
  for (const char c : source.as_text().view()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool word = byte >= 0x80 || byte == '_' || std::isalnum(byte) != 0;
    words += word && !inside ? 1 : 0;
    inside = word;
  }
  return Value::integer(words);
}

constexpr Builtin kFilters[] = {
    {"string", "", 0, string},
    {"safe", "", 0, string},  // nothing is escaped here, so nothing has to be exempted
    {"upper", "", 0, upper},
    {"lower", "", 0, lower},
    {"capitalize", "", 0, capitalize},
    {"title", "", 0, title},
    {"trim", "chars", 0, trim},
    {"center", "width", 0, center},
    {"replace", "old new count", 2, replace},
    {"e", "", 0, escape},
    {"escape", "", 0, escape},
    {"forceescape", "", 0, escape},
    {"tojson", "ensure_ascii indent separators sort_keys", 0, tojson},
    {"from_json", "", 0, from_json},
    {"indent", "width first blank", 0, indent},
    {"format", "*", 0, format},
    {"wordcount", "", 0, wordcount},
};

}  // namespace

std::span<const Builtin> text_filters() {
  return kFilters;
}

}  // namespace sluice::text

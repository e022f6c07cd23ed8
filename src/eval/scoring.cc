#include "eval/scoring.h"

#include <algorithm>
#include <map>

#include "text/template_print.h"
#include "text/tool_call.h"

namespace sluice::eval {
namespace {

using text::Value;

std::string_view strip(std::string_view s, std::string_view chars) {
  const size_t begin = s.find_first_not_of(chars);
  return begin == s.npos ? std::string_view() : s.substr(begin, s.find_last_not_of(chars) - begin + 1);
}

// Python's str() of a scalar; lists and maps as JSON (the references have none).
std::string python_text(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::string:
    case Value::Kind::big_integer:
      return value.as_text().bytes();
    case Value::Kind::none:
      return "None";
    case Value::Kind::boolean:
      return value.as_bool() ? "True" : "False";
    case Value::Kind::integer:
      return std::to_string(value.as_integer());
    case Value::Kind::real:
      return text::python_float(value.as_real());
    default:
      return text::to_json(value);
  }
}

// Equal as Python compares what json.loads returns, except that true is not 1.
bool equal(const Value& a, const Value& b) {
  if (a.is_list() && b.is_list()) {
    const auto &x = a.as_list().items, &y = b.as_list().items;
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  }
  if (a.is_map() && b.is_map()) {
    const auto& entries = a.as_map().entries;
    return entries.size() == b.as_map().entries.size() &&
           std::all_of(entries.begin(), entries.end(), [&](const auto& entry) {
             const Value* other = b.find(entry.key.as_text().view());
             return other != nullptr && equal(entry.value, *other);
           });
  }
  if (a.kind() == b.kind()) return python_text(a) == python_text(b);
  const auto is_plain = [](const Value& v) { return v.is(Value::Kind::integer) || v.is(Value::Kind::real); };
  return is_plain(a) && is_plain(b) && a.as_real() == b.as_real();
}

using Arguments = std::map<std::string, std::string, std::less<>>;

Verdict judge_call(const Value& expect, std::string_view answer) {
  const text::ParsedOutput parsed = text::parse_output(answer, false);
  const auto call = std::find_if(parsed.calls.begin(), parsed.calls.end(), [](const auto& c) { return c.complete; });
  if (call == parsed.calls.end()) return {};
  Arguments written, wanted;
  for (const auto& [key, value] : call->arguments) written.insert_or_assign(key, std::string(strip(value, "\n")));
  const Value* name = expect.is_map() ? expect.find("name") : nullptr;
  const Value* arguments = expect.is_map() ? expect.find("arguments") : nullptr;
  if (name == nullptr || arguments == nullptr || !arguments->is_map()) return {false, true};
  for (const auto& entry : arguments->as_map().entries) {
    wanted.emplace(entry.key.as_text().bytes(), python_text(entry.value));
  }
  return {call->name == python_text(*name) && written == wanted, true};
}

// Letters, digits and '_' make words; every non-ASCII byte counts as a letter.
bool in_word(std::string_view s, size_t at) {
  if (at >= s.size()) return false;
  const char c = s[at];
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

bool holds_word(std::string_view text, std::string_view word) {
  const auto is_border = [&](size_t at) { return (at > 0 && in_word(text, at - 1)) != in_word(text, at); };
  for (size_t at = 0; !word.empty() && (at = text.find(word, at)) != text.npos; ++at) {
    if (is_border(at) && is_border(at + word.size())) return true;
  }
  return false;
}

bool judge_word(const Value& expect, std::string_view answer) {
  constexpr std::string_view kEnd = "</think>";
  if (const size_t at = answer.rfind(kEnd); at != answer.npos) answer.remove_prefix(at + kEnd.size());
  return holds_word(answer, python_text(expect));
}

}  // namespace

bool has_form(std::string_view task) {
  return task == "tool_call" || task == "json";
}

Verdict judge(const Item& item, std::string_view answer) {
  if (item.task == "tool_call") return judge_call(item.expect, answer);
  if (item.task == "json") {
    const auto parsed = text::parse_json(answer);
    return {parsed.ok() && equal(parsed.value(), item.expect), parsed.ok()};
  }
  if (item.task == "capital" || item.task == "reasoning") return {judge_word(item.expect, answer), false};
  return {strip(answer, " \t\n\r\f\v") == python_text(item.expect), false};
}

}  // namespace sluice::eval

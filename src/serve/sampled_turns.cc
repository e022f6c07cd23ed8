#include "serve/sampled_turns.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "serve/tool_arguments.h"
#include "text/detokenizer.h"

namespace sluice::serve {
namespace {

using text::ToolCall;
using text::Value;

std::string_view trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  return from == std::string_view::npos ? std::string_view() : text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

bool same_value(const Value& a, const Value& b);

bool same_map(const text::Map& a, text::Map& b) {
  if (a.entries.size() != b.entries.size()) return false;
  return std::all_of(a.entries.begin(), a.entries.end(), [&](const text::Map::Entry& entry) {
    const text::Map::Entry* other = b.find_id(entry.id);
    return other != nullptr && same_value(entry.value, other->value);
  });
}

// As JSON has it: true is no number, and 1.0 is 1.
bool same_value(const Value& a, const Value& b) {
  if (a.is(Value::Kind::boolean) || b.is(Value::Kind::boolean)) return a.kind() == b.kind() && a.as_bool() == b.as_bool();
  if (a.is_number() && b.is_number()) {
    if (a.kind() == Value::Kind::integer && b.kind() == Value::Kind::integer) return a.as_integer() == b.as_integer();
    if (a.is(Value::Kind::big_integer) || b.is(Value::Kind::big_integer)) return text::to_json(a) == text::to_json(b);
    return a.as_real() == b.as_real();
  }
  if (a.kind() != b.kind()) return false;
  if (a.is_string()) return a.as_text().view() == b.as_text().view();
  if (a.is_map()) return same_map(a.as_map(), b.as_map());
  if (!a.is_list()) return true;  // none
  const auto &x = a.as_list().items, &y = b.as_list().items;
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_value);
}

// Templates print true, false and null as Python does: read back as JSON where that makes of them what is no text.
ToolCall without_python(const ToolCall& call, const Value& tools) {
  ToolCall out = call;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    std::string& text = out.arguments[i].second;
    const std::string before = text;
    if (text == "True") text = "true";
    if (text == "False") text = "false";
    if (text == "None") text = "null";
    if (text == before) continue;
    const auto value = text::parse_json(arguments_json({call.name, {out.arguments[i]}}, tools));
    const Value* typed = value.ok() ? value->find(out.arguments[i].first) : nullptr;
    if (typed == nullptr || typed->is_string()) text = before;
  }
  return out;
}

bool same_call(const ToolCall& a, const ToolCall& b, const Value& tools) {
  if (a.name != b.name || a.complete != b.complete) return false;
  const auto x = text::parse_json(arguments_json(without_python(a, tools), tools));
  const auto y = text::parse_json(arguments_json(without_python(b, tools), tools));
  return x.ok() && y.ok() && same_value(*x, *y);
}

bool contains(std::span<const int32_t> tokens, int32_t token) { return std::find(tokens.begin(), tokens.end(), token) != tokens.end(); }

// Of a beginning of a prompt, token by token. Two beginnings with one key do no harm: the turn must mean the same besides.
class Key {
 public:
  void add(int32_t token) {
    key_ = (key_ ^ static_cast<uint32_t>(token)) * 0x9e3779b97f4a7c15;
    key_ ^= key_ >> 29;
  }
  void add(std::span<const int32_t> tokens) {
    for (const int32_t token : tokens) add(token);
  }
  uint64_t value() const { return key_; }

 private:
  uint64_t key_ = 0x243f6a8885a308d3;
};

}  // namespace

bool same_meaning(const text::ParsedOutput& a, const text::ParsedOutput& b, const Value& tools) {
  if (trimmed(a.reasoning) != trimmed(b.reasoning) || trimmed(a.content) != trimmed(b.content)) return false;
  return std::equal(a.calls.begin(), a.calls.end(), b.calls.begin(), b.calls.end(),
                    [&](const ToolCall& x, const ToolCall& y) { return same_call(x, y, tools); });
}

void SampledTurns::keep(const text::Tokenizer& tokenizer, std::span<const int32_t> stop_tokens, std::span<const int32_t> prompt,
                        std::span<const int32_t> answer, bool in_reasoning) {
  if (!answer.empty() && contains(stop_tokens, answer.back())) answer = answer.first(answer.size() - 1);
  if (answer.empty() || answer.size() > most_tokens_) return;
  Key key;
  key.add(prompt);
  Turn turn{key.value(), 0, {answer.begin(), answer.end()}, text::parse_output(text::decode(tokenizer, answer), in_reasoning), in_reasoning};
  const std::lock_guard lock(mutex_);
  const auto equal = std::find_if(turns_.begin(), turns_.end(), [&](const auto& each) { return each->key == turn.key && each->answer == turn.answer; });
  if (equal != turns_.end()) remove(equal);
  turn.number = next_number_++;
  tokens_ += answer.size();
  turns_.push_front(std::make_shared<const Turn>(std::move(turn)));
  by_key_.emplace(turns_.front()->key, turns_.front());
  while (tokens_ > most_tokens_) remove(std::prev(turns_.end()));
}

// The lock is held.
void SampledTurns::remove(Turns::iterator turn) {
  const auto [from, to] = by_key_.equal_range((*turn)->key);
  by_key_.erase(std::find_if(from, to, [&](const auto& entry) { return entry.second == *turn; }));
  tokens_ -= (*turn)->answer.size();
  turns_.erase(turn);
}

std::vector<std::shared_ptr<const SampledTurns::Turn>> SampledTurns::behind(uint64_t key) const {
  std::vector<std::shared_ptr<const Turn>> out;
  {
    const std::lock_guard lock(mutex_);
    const auto [from, to] = by_key_.equal_range(key);
    for (auto at = from; at != to; ++at) out.push_back(at->second);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a->number > b->number; });
  return out;
}

std::vector<int32_t> SampledTurns::put_back(const text::Tokenizer& tokenizer, std::span<const int32_t> stop_tokens, std::vector<int32_t> prompt,
                                            const Value& tools) const {
  std::vector<int32_t> out;
  out.reserve(prompt.size());
  Key key;
  for (size_t at = 0; at < prompt.size();) {
    key.add(prompt[at]);
    out.push_back(prompt[at++]);
    const auto turns = behind(key.value());
    if (turns.empty()) continue;
    const auto end = std::find_if(prompt.begin() + static_cast<std::ptrdiff_t>(at), prompt.end(), [&](int32_t token) { return contains(stop_tokens, token); });
    if (end == prompt.end()) continue;  // nothing was answered here yet
    const std::span<const int32_t> written(prompt.begin() + static_cast<std::ptrdiff_t>(at), end);
    const std::string text = text::decode(tokenizer, written);
    for (const auto& turn : turns) {
      if (!same_meaning(turn->meaning, text::parse_output(text, turn->in_reasoning), tools)) continue;
      out.insert(out.end(), turn->answer.begin(), turn->answer.end());
      key.add(turn->answer);
      at += written.size();
      break;
    }
  }
  return out;
}

size_t SampledTurns::tokens() const {
  const std::lock_guard lock(mutex_);
  return tokens_;
}

}  // namespace sluice::serve

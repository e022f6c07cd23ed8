#include "cli/chat/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <random>

#include "text/quote.h"

namespace sluice::cli {
namespace {

using text::Value;

struct Row {
  std::string_view name;
  std::optional<double> ChatSettings::*field;
  double least, most;
  bool whole;
  std::string_view help;
};

constexpr Row kRows[] = {
    {"temperature", &ChatSettings::temperature, 0, 100, false, "0 takes the likeliest token every time"},
    {"top_k", &ChatSettings::top_k, 0, 1e9, true, "draw from the K likeliest; 0 from all"},
    {"top_p", &ChatSettings::top_p, 1e-6, 1, false, "draw from the likeliest that together reach P"},
    {"min_p", &ChatSettings::min_p, 0, 1, false, "leave out what is less than P times as likely as the likeliest"},
    {"presence_penalty", &ChatSettings::presence_penalty, -2, 2, false, "taken off every token already generated"},
    {"repetition_penalty", &ChatSettings::repetition_penalty, 0.01, 10, false, "weakens tokens already there (1: off)"},
    {"max_tokens", &ChatSettings::max_tokens, 1, 1e9, true, "most tokens of an answer (what the context holds)"},
    {"seed", &ChatSettings::seed, 0, 4294967295.0, true, "of the random draws (a fresh one each answer)"},
};

std::string names() {
  std::string out;
  for (const Row& row : kRows) out += (out.empty() ? "" : ", ") + std::string(row.name);
  return out;
}

std::string number(double value) { return fmt::format("{:.10g}", value); }

bool fits(const Row& row, double value) {
  return std::isfinite(value) && value >= row.least && value <= row.most && (!row.whole || value == std::floor(value));
}

}  // namespace

Status set_setting(ChatSettings& settings, std::string_view name, std::string_view value) {
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    if (value.empty() || value == "default") {
      settings.*row.field = std::nullopt;
      return {};
    }
    double parsed = 0;
    const auto end = value.data() + value.size();
    const auto done = std::from_chars(value.data(), end, parsed);
    if (done.ec != std::errc() || done.ptr != end || !fits(row, parsed)) {
      return Error{Code::invalid, fmt::format("{}: must be {}{} to {}, or default", name, row.whole ? "a whole number, " : "", number(row.least), number(row.most))};
    }
    settings.*row.field = parsed;
    return {};
  }
  return Error{Code::invalid, fmt::format("no setting {}; there are {}", text::quote_text(name), names())};
}

std::vector<SettingLine> list_settings(const ChatSettings& settings) {
  std::vector<SettingLine> out;
  for (const Row& row : kRows) {
    const auto& value = settings.*row.field;
    out.push_back({std::string(row.name), value ? number(*value) : "default", std::string(row.help)});
  }
  return out;
}

Value settings_value(const ChatSettings& settings) {
  const Value out = Value::map();
  for (const Row& row : kRows) {
    const auto& value = settings.*row.field;
    if (value) out.set(row.name, row.whole ? Value::integer(static_cast<int64_t>(*value)) : Value::real(*value));
  }
  return out;
}

ChatSettings settings_from(const Value& value) {
  ChatSettings out;
  if (!value.is_map()) return out;
  for (const Row& row : kRows) {
    const Value* given = value.find(row.name);
    if (given != nullptr && given->is_number() && fits(row, given->as_real())) out.*row.field = given->as_real();
  }
  return out;
}

SamplingOptions sampling_with(const ChatSettings& c, SamplingOptions s) {
  auto put = [](auto& to, const std::optional<double>& from) {
    if (from) to = static_cast<std::remove_reference_t<decltype(to)>>(*from);
  };
  put(s.temperature, c.temperature);
  put(s.top_k, c.top_k);
  put(s.top_p, c.top_p);
  put(s.min_p, c.min_p);
  put(s.presence_penalty, c.presence_penalty);
  put(s.repetition_penalty, c.repetition_penalty);
  s.seed = c.seed ? static_cast<uint64_t>(*c.seed) : std::random_device()();
  return s;
}

}  // namespace sluice::cli

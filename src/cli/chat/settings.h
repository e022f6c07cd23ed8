// What /set changes: one table of names, so that the command, its listing and saved sessions agree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/options.h"
#include "sluice/status.h"
#include "text/value.h"

namespace sluice::cli {

// Unset: the model's own recommendation.
struct ChatSettings {
  std::optional<double> temperature, top_p, min_p, presence_penalty, repetition_penalty;
  std::optional<double> top_k, max_tokens, seed;  // whole numbers
};

// "default" or nothing unsets it. Errors: invalid, with the names there are or the range.
Status set_setting(ChatSettings& settings, std::string_view name, std::string_view value);

struct SettingLine {
  std::string name, value, help;  // value: "default" where unset
};
std::vector<SettingLine> list_settings(const ChatSettings& settings);

// Only what is set. From JSON: what is unknown or wrong is left out.
text::Value settings_value(const ChatSettings& settings);
ChatSettings settings_from(const text::Value& value);

// A seed is drawn where none is set.
SamplingOptions sampling_with(const ChatSettings& settings, SamplingOptions recommended);

}  // namespace sluice::cli

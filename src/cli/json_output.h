// Public structures as JSON, in the names of design.md section 6: here once, for every subcommand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "sluice/engine.h"
#include "sluice/session.h"
#include "text/value.h"

namespace sluice::cli {

text::Value stats_value(const Stats& stats);
text::Value memory_value(const MemoryPlan& plan);
text::Value model_value(const ModelInfo& info, int64_t context);
text::Value tokens_value(std::span<const int32_t> tokens);
text::Value size_value(uint64_t value);
text::Value real_value(double value);              // null when it is not finite
text::Value optional_real(const std::optional<double>& value);  // null where unset
text::Value string_value(std::string_view bytes);  // what is not UTF-8 becomes U+FFFD

}  // namespace sluice::cli

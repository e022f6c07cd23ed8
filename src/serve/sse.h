// Server-sent events (WHATWG HTML, section 9.2): one event is a few lines and an empty one. JSON has no line breaks.
#pragma once

#include <string>
#include <string_view>

#include "text/value.h"

namespace sluice::serve {

constexpr std::string_view kSseDone = "data: [DONE]\n\n";

inline std::string sse(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }
inline std::string sse(const text::Value& value) { return sse(text::to_json(value)); }
// With a name, as Anthropic's and OpenAI's newer clients expect.
inline std::string sse(std::string_view event, const text::Value& value) { return "event: " + std::string(event) + "\n" + sse(value); }

}  // namespace sluice::serve

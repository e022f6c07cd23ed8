// A parsed tool call's arguments as JSON: the model writes text, the tool's schema says what type it is.
#pragma once

#include <string>

#include "text/tool_call.h"
#include "text/value.h"

namespace sluice::serve {

// `tools` in OpenAI's form, or none. Where the schema allows a string and nothing else, or the text is not JSON of an
// allowed type, the argument is a string. Without a schema what is JSON, and no string, counts as JSON.
std::string arguments_json(const text::ToolCall& call, const text::Value& tools);

}  // namespace sluice::serve

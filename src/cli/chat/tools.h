// What a model in a chat may ask this machine for. Nothing here asks the user: the chat does, before it calls run_tool.
#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::cli {

struct ToolLimits {
  size_t most_bytes = 32 << 10;           // of a result: of more, the beginning and the end
  std::chrono::milliseconds timeout{60'000};
};

struct ChatTool {
  std::string_view name;
  std::string_view argument;     // its only one, a string
  std::string_view description;  // of the tool, and of the argument: for the model
  std::string_view argument_description;
  std::string (*run)(const std::string& argument, const ToolLimits& limits, const std::atomic<bool>* cancel);
};

std::span<const ChatTool> chat_tools();
const ChatTool* find_tool(std::string_view name);

// "bash,read", "all" or "". Errors: invalid, naming what there is.
Result<std::vector<const ChatTool*>> parse_tools(std::string_view names);

// In OpenAI's form; none for no tools.
text::Value tools_value(std::span<const ChatTool* const> tools);

// What the model is told, errors included; valid UTF-8. bash: output and exit status, run by `bash -c` in a process group
// of its own that is ended when the shell is, after the timeout or on cancel; no standard input. read: a regular file.
std::string run_tool(const ChatTool& tool, const std::string& argument, const ToolLimits& limits, const std::atomic<bool>* cancel);

}  // namespace sluice::cli

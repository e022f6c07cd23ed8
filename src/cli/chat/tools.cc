#include "cli/chat/tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <filesystem>

#include "cli/chat/shell.h"
#include "text/quote.h"
#include "text/utf8.h"

namespace sluice::cli {
namespace {

using text::Value;

// The beginning and the end of what is too long.
std::string bounded(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  const size_t half = most / 2;
  return text.substr(0, half) + fmt::format("\n[... {} bytes left out ...]\n", text.size() - 2 * half) + text.substr(text.size() - half);
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t good = text::utf8_valid_prefix(text);
    out += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    out += "\xef\xbf\xbd";
    text.remove_prefix(text::utf8_step(text).size);
  }
  return out;
}

std::string bash(const std::string& command, const ToolLimits& limits, const std::atomic<bool>* cancel) {
  const ShellResult result = run_shell(command, limits.most_bytes, limits.timeout, cancel);
  std::string out = result.output;
  if (result.left_out > 0) out += fmt::format("\n[... {} more bytes left out ...]", result.left_out);
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out + "[" + result.ending + "]";
}

std::string read_file(const std::string& path, const ToolLimits& limits, const std::atomic<bool>*) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return fmt::format("error: {}: {}", path, error ? error.message() : "not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fmt::format("error: {}: cannot be opened", path);
  std::string out(limits.most_bytes + 1, '\0');
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<size_t>(file.gcount()));
  if (out.size() <= limits.most_bytes) return out.empty() ? "[the file is empty]" : out;
  out.resize(limits.most_bytes);
  return out + fmt::format("\n[... the file has {} bytes; the rest is left out ...]", std::filesystem::file_size(path, error));
}

constexpr ChatTool kTools[] = {
    {"bash", "command", "Runs a shell command on the user's machine and returns its output.", "The command", bash},
    {"read", "path", "Reads a text file on the user's machine.", "The file's path", read_file},
};

}  // namespace

std::span<const ChatTool> chat_tools() { return kTools; }

const ChatTool* find_tool(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTools), std::end(kTools), [name](const ChatTool& t) { return t.name == name; });
  return found == std::end(kTools) ? nullptr : found;
}

Result<std::vector<const ChatTool*>> parse_tools(std::string_view names) {
  std::vector<const ChatTool*> out;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (name == "all") {
      for (const ChatTool& tool : kTools) out.push_back(&tool);
      continue;
    }
    const ChatTool* tool = find_tool(name);
    if (tool == nullptr) return Error{Code::invalid, fmt::format("no tool {}; there are bash and read", text::quote_text(name))};
    if (std::find(out.begin(), out.end(), tool) == out.end()) out.push_back(tool);
  }
  return out;
}

Value tools_value(std::span<const ChatTool* const> tools) {
  if (tools.empty()) return {};
  const Value out = Value::list();
  for (const ChatTool* tool : tools) {
    const Value argument = Value::map({{"type", Value::string("string")}, {"description", Value::string(tool->argument_description)}});
    const Value parameters = Value::map({{"type", Value::string("object")},
                                         {"properties", Value::map({{tool->argument, argument}})},
                                         {"required", Value::list({Value::string(tool->argument)})},
                                         {"additionalProperties", Value::boolean(false)}});
    out.push(Value::map({{"type", Value::string("function")},
                         {"function", Value::map({{"name", Value::string(tool->name)},
                                                  {"description", Value::string(tool->description)},
                                                  {"parameters", parameters}})}}));
  }
  return out;
}

std::string run_tool(const ChatTool& tool, const std::string& argument, const ToolLimits& limits, const std::atomic<bool>* cancel) {
  if (argument.find('\0') != std::string::npos) return "error: a zero byte in the argument";
  return valid_utf8(bounded(tool.run(argument, limits, cancel), limits.most_bytes + 512));
}

}  // namespace sluice::cli

// Tool calls of an answer: shown, allowed by the user or not, run, and their results added to the conversation.
#include <fmt/format.h>

#include <algorithm>

#include "cli/chat/chat_loop.h"
#include "cli/chat/interrupts.h"
#include "cli/chat/styled.h"
#include "cli/chat/terminal_text.h"
#include "text/chat_template.h"

namespace sluice::cli {
namespace {

using text::Value;

constexpr size_t kRowsShown = 12;  // of a result; the model sees all of it

std::string first_rows(const std::string& text, int width) {
  std::vector<std::string> rows = cut_rows(visible(text), width - 2);
  const size_t more = rows.size() > kRowsShown ? rows.size() - kRowsShown : 0;
  rows.resize(rows.size() - more);
  std::string out;
  for (const std::string& row : rows) out += "  " + row + "\n";
  if (more > 0) out += fmt::format("  … {} more rows\n", more);
  return out;
}

}  // namespace

bool ChatLoop::allowed(const ChatTool& tool, const std::string& argument) {
  // All of it: nobody can allow what is not shown.
  std::string shown;
  for (const std::string& row : cut_rows(visible(argument), screen_.terminal() ? screen_.width() - 2 : 1 << 20)) shown += "  " + row + "\n";
  screen_.print(painted(fmt::format("The model wants to use {}:", tool.name), kBold, screen_.colour()) + "\n" + shown);
  if (always_.contains(tool.name)) return true;
  const std::string question = "Run it? [y]es, [n]o, [a]lways in this session: ";
  for (;;) {
    if (!screen_.terminal()) screen_.print(question);
    const InputLine line = input_.answer(question);
    if (!screen_.terminal() || line.kind != InputLine::text) screen_.print("\n");
    if (line.kind != InputLine::text) return false;
    const std::string& word = line.bytes;
    if (word == "a" || word == "always") always_.insert(tool.name);
    if (word == "y" || word == "yes" || word == "a" || word == "always") return true;
    if (word == "n" || word == "no" || !screen_.terminal()) return false;
  }
}

std::string ChatLoop::one_call(const text::ToolCall& call) {
  const auto found = std::find_if(start_.tools.begin(), start_.tools.end(), [&call](const ChatTool* t) { return t->name == call.name; });
  if (found == start_.tools.end()) return fmt::format("error: there is no tool {}", call.name);
  const ChatTool& tool = **found;
  const auto argument = std::find_if(call.arguments.begin(), call.arguments.end(), [&tool](const auto& a) { return a.first == tool.argument; });
  if (!call.complete || argument == call.arguments.end()) return fmt::format("error: {} needs the argument {}", tool.name, tool.argument);
  take_interrupts();
  if (!allowed(tool, argument->second)) return "The user did not allow this call.";
  std::string result = run_tool(tool, argument->second, start_.limits, &interrupted_flag());
  screen_.print(painted(first_rows(result, screen_.terminal() ? screen_.width() : 1 << 20), kDim, screen_.colour()));
  return result;
}

bool ChatLoop::run_calls(const TalkAnswer& answer, const std::vector<std::string>& ids) {
  bool going = true;
  for (size_t i = 0; i < answer.calls.size(); ++i) {
    const std::string result = going ? one_call(answer.calls[i]) : "The user stopped before this call.";
    if (take_interrupts() > 0) going = false;
    const Value message = text::chat_message("tool", result);
    message.set("tool_call_id", Value::string(ids[i]));
    messages_.push(message);
  }
  return going && !screen_.failed();
}

}  // namespace sluice::cli

// What begins with a slash.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <numeric>

#include "cli/chat/answer_view.h"
#include "cli/chat/chat_loop.h"

namespace sluice::cli {
namespace {

constexpr ptrdiff_t kNear = 2;  // edits

std::string_view trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t");
  return from == std::string_view::npos ? std::string_view() : text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// Levenshtein's distance.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string time_text(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::localtime_r(&time, &parts);
  char out[32];
  return {out, std::strftime(out, sizeof out, "%Y-%m-%d %H:%M", &parts)};
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string_view> names) {
  std::string_view best;
  size_t least = kNear + 1;
  for (const std::string_view each : names) {
    const bool begins = name.size() > 1 && each.starts_with(name);
    const size_t distance = begins ? 0 : name.size() > 40 ? least : edits(name, each);
    if (distance < least) least = distance, best = each;
  }
  return best;
}

std::span<const ChatLoop::Command> ChatLoop::commands() {
  static constexpr Command kCommands[] = {
      {"/help", "", "this list", &ChatLoop::help},
      {"/clear", "", "begin a fresh conversation; system message and settings stay", &ChatLoop::clear},
      {"/save", "[NAME]", "save the conversation, from now on after every turn", &ChatLoop::save},
      {"/load", "NAME", "go on with a saved one", &ChatLoop::load},
      {"/sessions", "", "the saved ones", &ChatLoop::sessions},
      {"/system", "[TEXT|-]", "show, set or (-) remove the system message", &ChatLoop::system},
      {"/think", "[on|off|auto|show|hide]", "let the model think or not; show what it thinks or not", &ChatLoop::think},
      {"/set", "[NAME [VALUE]]", "show or change a setting of the sampling", &ChatLoop::set},
      {"/stats", "", "how fast the last answer was, and why", &ChatLoop::stats},
      {"/tools", "[on|off|NAMES]", "which tools the model may ask for: bash, read", &ChatLoop::tools},
      {"/quit", "", "leave", &ChatLoop::quit},
  };
  return kCommands;
}

void ChatLoop::command(std::string_view line) {
  const size_t end = std::min(line.find_first_of(" \t\n"), line.size());
  const std::string_view name = line.substr(0, end), argument = trimmed(line.substr(end));
  std::vector<std::string_view> names;
  for (const Command& each : commands()) {
    if (each.name == name) return (this->*each.run)(argument);
    names.push_back(each.name);
  }
  const std::string_view meant = nearest(name, names);
  complain(meant.empty() ? fmt::format("no command {}; /help lists them", name) : fmt::format("no command {}; did you mean {}?", name, meant));
}

void ChatLoop::help(std::string_view) {
  for (const Command& each : commands()) {
    const std::string left = fmt::format("{} {}", each.name, each.arguments);
    const bool narrow = screen_.terminal() && screen_.width() < 80;
    say(narrow ? fmt::format("{}\n    {}", left, each.help) : fmt::format("{:<34}{}", left, each.help));
  }
  say("A line that ends in \\ goes on in the next one; \"\"\" begins and ends many lines.\n"
      "Ctrl-C stops an answer or gives a line up, twice at the prompt leaves; Ctrl-D leaves.");
}

void ChatLoop::clear(std::string_view) {
  messages_ = text::Value::list();
  used_ = 0;
  last_.reset();
  start_.session.clear();  // what was saved stays as it is
  say("a fresh conversation");
}

void ChatLoop::save(std::string_view argument) {
  const std::string name(argument.empty() ? start_.session : argument);
  if (name.empty()) return complain("/save needs a name");
  if (const Status saving = store_.save(name, saved()); !saving.ok()) return complain(saving.error().message);
  start_.session = name;
  say(fmt::format("saved as {}", name));
}

void ChatLoop::load(std::string_view argument) {
  if (argument.empty()) return complain("/load needs a name; /sessions lists them");
  auto chat = store_.load(std::string(argument));
  if (!chat.ok()) return complain(chat.error().message);
  resume(std::move(chat).value());
  start_.session = argument;
  say(fmt::format("{}: {} messages", argument, messages_.as_list().items.size()));
}

void ChatLoop::sessions(std::string_view) {
  const auto all = store_.list();
  if (all.empty()) say("nothing is saved; /save NAME does");
  for (const SessionEntry& each : all) say(fmt::format("{}  {}{}", time_text(each.saved), each.name, each.name == start_.session ? "  (this one)" : ""));
}

void ChatLoop::system(std::string_view argument) {
  if (argument.empty()) return say(start_.system ? *start_.system : "no system message");
  if (argument == "-") {
    start_.system.reset();
  } else {
    start_.system = argument;
  }
  say("the system message counts from the next answer on");
}

void ChatLoop::think(std::string_view argument) {
  if (argument == "on" || argument == "off") {
    start_.thinking = argument == "on";
  } else if (argument == "auto") {
    start_.thinking.reset();
  } else if (argument == "show" || argument == "hide") {
    start_.show_thinking = argument == "show";
  } else if (!argument.empty()) {
    return complain("/think takes on, off, auto, show or hide");
  }
  say(fmt::format("thinking: {}, {}", !start_.thinking ? "auto" : *start_.thinking ? "on" : "off", start_.show_thinking ? "shown" : "hidden"));
}

void ChatLoop::set(std::string_view argument) {
  const size_t end = std::min(argument.find_first_of(" \t="), argument.size());
  const std::string_view name = argument.substr(0, end);
  const std::string_view value = end < argument.size() ? trimmed(argument.substr(end + 1)) : std::string_view();
  bool known = argument.empty();
  for (const SettingLine& each : list_settings(start_.settings)) known = known || each.name == name;
  if (!value.empty() || !known) {
    if (const Status done = set_setting(start_.settings, name, value); !done.ok()) return complain(done.error().message);
  }
  for (const SettingLine& each : list_settings(start_.settings)) {
    if (argument.empty() || each.name == name) say(fmt::format("{:<20}{:<12}{}", each.name, each.value, each.help));
  }
}

void ChatLoop::stats(std::string_view) {
  if (!last_) return say("nothing was answered yet");
  const Stats& s = last_->stats;
  say(fmt::format("answer   {} tokens at {:.2f} tok/s{}", last_->tokens.size(), s.decode_tok_s(),
                  s.share_of_limit ? fmt::format(", {:.0f} % of the limit", 100 * *s.share_of_limit) : ", limit not measured (sluice doctor does)"));
  say(fmt::format("prompt   {} tokens read at {:.2f} tok/s, the others were still there", s.prompt_tokens, s.prefill_tok_s()));
  say(fmt::format("experts  hits {:.0f} %, {:.2f} MB of {:.2f} MB a token read from the drive, waited {:.0f} %", 100 * s.hit_rate, s.ssd_bytes_per_token / 1e6,
                  s.expert_bytes_per_token / 1e6, 100 * s.stall_share));
  say(fmt::format("context  {} of {} tokens", used_, talk_.scheduler().context()));
}

void ChatLoop::tools(std::string_view argument) {
  if (argument == "on" || argument == "off") argument = argument == "on" ? "all" : "none";
  if (!argument.empty()) {
    auto parsed = parse_tools(argument == "none" ? "" : argument);
    if (!parsed.ok()) return complain(parsed.error().message);
    start_.tools = std::move(parsed).value();
    always_.clear();
  }
  std::string names;
  for (const ChatTool* tool : start_.tools) names += (names.empty() ? "" : ", ") + std::string(tool->name);
  say(names.empty() ? "tools: off" : fmt::format("tools: {}; every call is shown and asked for", names));
}

void ChatLoop::quit(std::string_view) { leaving_ = true; }

}  // namespace sluice::cli

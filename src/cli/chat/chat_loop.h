// A conversation between a person and a model, from the first prompt to the last.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/chat_input.h"
#include "cli/chat/screen.h"
#include "cli/chat/session_file.h"
#include "cli/chat/talk.h"
#include "cli/chat/tools.h"

namespace sluice::cli {

struct ChatStart {
  std::string model;                    // its name, for people
  std::optional<std::string> system;
  std::optional<bool> thinking;
  bool show_thinking = true;
  std::vector<const ChatTool*> tools;
  ToolLimits limits;
  ChatSettings settings;
  std::string session;                  // resumed if it is there, saved after every turn; empty: neither
  std::string state;                    // folder of history and sessions; empty: none
};

class ChatLoop {
 public:
  ChatLoop(Scheduler& scheduler, ChatStart start);

  // Until the user ends it. Errors: a session that cannot be resumed, standard output gone. What goes wrong in a turn is
  // told, and the chat goes on.
  Status run();

  struct Command {
    std::string_view name;       // with its slash
    std::string_view arguments;  // for the help
    std::string_view help;
    void (ChatLoop::*run)(std::string_view argument);
  };
  static std::span<const Command> commands();

 private:
  // chat_loop.cc
  Status begin();
  bool next();                    // false: the user has left
  bool interrupted_at_prompt();   // likewise
  void turn(const std::string& said);
  Result<TalkAnswer> ask();
  void keep(const TalkAnswer& answer, const std::vector<std::string>& ids);
  void autosave();
  SavedChat saved() const;
  void resume(SavedChat chat);
  void say(std::string_view text);      // a line of ours
  void complain(std::string_view text);

  // tool_round.cc
  bool run_calls(const TalkAnswer& answer, const std::vector<std::string>& ids);  // false: the turn ends here
  std::string one_call(const text::ToolCall& call);
  bool allowed(const ChatTool& tool, const std::string& argument);

  // chat_commands.cc
  void command(std::string_view line);
  void help(std::string_view argument);
  void clear(std::string_view argument);
  void save(std::string_view argument);
  void load(std::string_view argument);
  void sessions(std::string_view argument);
  void system(std::string_view argument);
  void think(std::string_view argument);
  void set(std::string_view argument);
  void stats(std::string_view argument);
  void tools(std::string_view argument);
  void quit(std::string_view argument);

  ChatStart start_;
  Talk talk_;
  Screen screen_;
  SessionStore store_;
  ChatInput input_;
  text::Value messages_ = text::Value::list();
  std::set<std::string_view> always_;  // tools that need no more asking
  std::optional<Generation> last_;
  int64_t used_ = 0;                   // tokens of the conversation
  bool leaving_ = false, asked_to_quit_ = false;
};

// The one of `names` that `name` was probably meant to be; empty: none is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> names);

}  // namespace sluice::cli

// sluice chat: a conversation on the terminal, or line by line in a script.
#include <optional>

#include "cli/chat/chat_loop.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/warm_start.h"
#include "sluice/scheduler.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kSnapshotsSize = uint64_t{4} << 30;  // most bytes of all sessions' states on disk

struct ChatOptions {
  ModelOptions model;
  ChatStart start;
  std::string system_file, tools, warm_start = "on";
  bool think = false, no_think = false, hide = false;
};

Take setting(ChatSettings& settings, std::string name) {
  return [&settings, name = std::move(name)](const std::string& value) -> std::optional<std::string> {
    const Status done = set_setting(settings, name, value);
    return done.ok() ? std::nullopt : std::optional(done.error().message);
  };
}

std::optional<int> parse(const Args& args, ChatOptions& o) {
  Arguments a("chat [OPTIONS]", "A conversation. Where standard input or output is no terminal, lines in are turns, and plain text comes out.");
  a.group("Conversation");
  a.option("--system", "FILE", text(o.system_file), "a file with the system message; - reads standard input");
  a.option("--session", "NAME", text(o.start.session), "go on with this saved conversation, or begin it; saved after every turn");
  a.option("--tools", "NAMES", text(o.tools), "tools the model may ask for: bash, read or bash,read; each call must be allowed (none)");
  a.option("--tool-timeout", "S", integer_of(1, 86400, [&o](int64_t s) { o.start.limits.timeout = std::chrono::seconds(s); }),
           "seconds a command may take (60)");
  a.flag("--think", o.think, "let the model think first");
  a.flag("--no-think", o.no_think, "let it answer at once");
  a.flag("--hide-thinking", o.hide, "do not show what it thinks");
  a.excludes("--think", {"--no-think"});
  a.group("Generation (defaults: the model's own recommendation)");
  a.option("-n,--max-tokens", "N", setting(o.start.settings, "max_tokens"), "most new tokens of an answer (what the context holds)");
  a.option("--temp", "T", setting(o.start.settings, "temperature"), "temperature; 0 takes the likeliest token every time");
  a.option("--top-k", "K", setting(o.start.settings, "top_k"), "draw from the K likeliest; 0 from all");
  a.option("--top-p", "P", setting(o.start.settings, "top_p"), "draw from the likeliest that together reach P");
  a.option("--min-p", "P", setting(o.start.settings, "min_p"), "leave out what is less than P times as likely as the likeliest");
  a.group("Model (defaults in brackets)");
  add_model(a, o.model);
  add_shape(a, o.model);
  add_running(a, o.model);
  a.option("--warm-start", "WHEN", one_of(o.warm_start, {"on", "off"}), "read the experts of earlier runs while the drive is idle (on)");
  add_rates(a, o.model);
  a.remark("History and sessions lie under $XDG_STATE_HOME/sluice, else ~/.local/state/sluice.");
  a.remark(
      "examples: sluice chat\n"
      "          sluice chat -m MODEL --memory 8G --session work --tools read\n"
      "          printf 'Hello\\n/stats\\n' | sluice chat --temp 0");
  return a.parse(args);
}

// What can be refused before a model is loaded.
Status complete(ChatOptions& o) {
  if (o.model.json) return Error{Code::invalid, "--json: a chat has no such form; sluice run has"};
  if (!o.start.session.empty()) SLUICE_TRY_VOID(check_session_name(o.start.session));
  SLUICE_TRY(o.start.tools, parse_tools(o.tools));
  if (!o.system_file.empty()) {
    SLUICE_TRY(o.start.system, read_input(o.system_file));
    SLUICE_TRY_VOID(check_utf8(*o.start.system, o.system_file));
  }
  if (o.think || o.no_think) o.start.thinking = o.think;
  if (o.model.seed) o.start.settings.seed = static_cast<double>(*o.model.seed);
  o.start.show_thinking = !o.hide;
  o.start.state = state_folder();
  return {};
}

// A session's states lie beside it, so that its next turn reads only what is new, after a restart too.
SchedulerOptions scheduler_options(const ChatStart& start, const Engine& engine) {
  SchedulerOptions out;
  const bool room = engine.memory().snapshots > 0;
  if (room && !start.session.empty() && !start.state.empty()) out.snapshots = start.state + "/snapshots";
  out.snapshots_size = kSnapshotsSize;
  return out;
}

Result<std::unique_ptr<Scheduler>> open_scheduler(ChatOptions& o) {
  SLUICE_TRY_VOID(choose_model(o.model.engine));
  choose_rates(o.model.engine);
  if (o.warm_start == "on") o.model.engine.use_counts = use_counts_path(o.model.engine.model);
  o.start.model = o.model.engine.model.substr(o.model.engine.model.find_last_of('/') + 1);
  ProgressLine line;
  EngineOptions options = o.model.engine;
  options.snapshot_bytes = -1;  // templates drop earlier thinking: the next turn goes on from before it
  options.load_progress = [&line](double share) { line.show("loading the model", share); };
  SLUICE_TRY(auto engine, Engine::open(options));
  const SchedulerOptions scheduler = scheduler_options(o.start, *engine);
  return Scheduler::start(std::move(engine), scheduler);
}

}  // namespace

int chat_command(const Args& args) {
  ChatOptions o;
  if (const auto code = parse(args, o)) return *code;
  if (const Status completed = complete(o); !completed.ok()) return refused(completed.error());
  auto scheduler = open_scheduler(o);
  if (!scheduler.ok()) return refused(scheduler.error());
  ChatLoop loop(**scheduler, std::move(o.start));
  const Status ended = loop.run();
  return ended.ok() ? kGood : refused(ended.error());
}

}  // namespace sluice::cli

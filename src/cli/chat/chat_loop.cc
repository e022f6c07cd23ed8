#include "cli/chat/chat_loop.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/chat/answer_view.h"
#include "cli/chat/interrupts.h"
#include "cli/chat/styled.h"
#include "cli/chat/terminal_text.h"
#include "serve/identifier.h"
#include "serve/tool_arguments.h"
#include "text/chat_template.h"
#include "text/utf8.h"

namespace sluice::cli {
namespace {

using text::Value;

constexpr int kMostRounds = 16;  // of tool calls in one turn

std::string under(const std::string& state, std::string_view name) { return state.empty() ? "" : state + "/" + std::string(name); }

// The calls as OpenAI clients write them.
Value calls_value(const TalkAnswer& answer, const std::vector<std::string>& ids, const Value& tools) {
  const Value out = Value::list();
  for (size_t i = 0; i < answer.calls.size(); ++i) {
    const Value function = Value::map({{"name", Value::string(answer.calls[i].name)},
                                       {"arguments", Value::string(serve::arguments_json(answer.calls[i], tools))}});
    out.push(Value::map({{"id", Value::string(ids[i])}, {"type", Value::string("function")}, {"function", function}}));
  }
  return out;
}

}  // namespace

ChatLoop::ChatLoop(Scheduler& scheduler, ChatStart start)
    : start_(std::move(start)),
      talk_(scheduler),
      store_(under(start_.state, "sessions")),
      input_(screen_.terminal(), under(start_.state, "history")) {}

void ChatLoop::say(std::string_view text) {
  screen_.print(painted(visible(text), kDim, screen_.colour()) + "\n");
}

void ChatLoop::complain(std::string_view text) { fmt::print(stderr, "sluice: {}\n", visible(text)); }

Status ChatLoop::begin() {
  if (screen_.terminal() && !start_.state.empty()) SLUICE_TRY_VOID(make_private_folder(start_.state));
  if (!start_.session.empty()) {
    SLUICE_TRY_VOID(check_session_name(start_.session));
    if (store_.has(start_.session)) {
      SLUICE_TRY(SavedChat chat, store_.load(start_.session));
      resume(std::move(chat));
      if (screen_.terminal()) say(fmt::format("{} resumed: {} messages", start_.session, messages_.as_list().items.size()));
    }
  }
  if (screen_.terminal()) say(fmt::format("{} · /help lists the commands · Ctrl-D ends", start_.model));
  return {};
}

Status ChatLoop::run() {
  SLUICE_TRY_VOID(begin());
  count_interrupts();
  while (!leaving_ && next()) {
    if (screen_.failed()) return Error{Code::io, "standard output takes no more"};
  }
  return {};
}

bool ChatLoop::interrupted_at_prompt() {
  screen_.print("\n");
  if (asked_to_quit_) return false;
  asked_to_quit_ = true;
  say("Ctrl-C again or Ctrl-D ends the chat");
  return true;
}

bool ChatLoop::next() {
  const InputLine line = input_.turn();
  if (line.kind == InputLine::interrupted) return interrupted_at_prompt();
  asked_to_quit_ = false;
  if (line.kind == InputLine::end) {
    if (screen_.terminal()) screen_.print("\n");
    return false;
  }
  if (line.bytes.find_first_not_of(" \t\n") == std::string::npos) return true;
  if (text::utf8_valid_prefix(line.bytes) != line.bytes.size()) {
    complain("this line is not UTF-8");
  } else if (line.bytes[0] == '/') {
    command(line.bytes);
  } else {
    turn(line.bytes);
  }
  return true;
}

Result<TalkAnswer> ChatLoop::ask() {
  TalkRequest request{start_.system, messages_, tools_value(start_.tools), start_.thinking, start_.settings};
  AnswerView view(screen_, talk_.scheduler(), start_.show_thinking, used_);
  take_interrupts();
  const TalkEvents events{[&view](const text::OutputStream::Pieces& pieces) { view.pieces(pieces); },
                          [&](double share, int64_t tokens) {
                            view.progress(share, tokens);
                            if (screen_.failed()) interrupted_flag().store(true);  // nobody can read on
                          }};
  auto answer = talk_.answer(request, interrupted_flag(), events);
  view.finish();
  return answer;
}

void ChatLoop::keep(const TalkAnswer& answer, const std::vector<std::string>& ids) {
  const Value message = text::chat_message("assistant", answer.content);
  if (!answer.reasoning.empty()) message.set("reasoning_content", Value::string(answer.reasoning));
  if (!answer.calls.empty()) message.set("tool_calls", calls_value(answer, ids, tools_value(start_.tools)));
  messages_.push(message);
}

// One thing said by the user: answers and tool calls until the model is done.
void ChatLoop::turn(const std::string& said) {
  const size_t before = messages_.as_list().items.size();
  messages_.push(text::chat_message("user", said));
  for (int round = 0;; ++round) {
    auto answer = ask();
    if (!answer.ok()) {
      complain(answer.error().message);
      messages_.as_list().items.resize(before);  // as if it had not been said
      return;
    }
    last_ = answer->generation;
    used_ = answer->prompt_tokens + static_cast<int64_t>(answer->generation.tokens.size());
    const bool stopped = answer->generation.finish == Finish::cancelled;
    if (stopped && screen_.terminal()) say("[stopped]");
    if (answer->generation.finish == Finish::context_full) complain("the context is full: /clear begins anew, --ctx makes it larger");
    if (answer->generation.finish == Finish::length && screen_.terminal()) say("[ended by max_tokens]");
    std::vector<std::string> ids;
    if (stopped) answer->calls.clear();
    for (size_t i = 0; i < answer->calls.size(); ++i) ids.push_back(serve::identifier("call_"));
    keep(*answer, ids);
    if (answer->calls.empty() || !run_calls(*answer, ids)) break;
    if (round + 1 == kMostRounds) {
      complain(fmt::format("{} rounds of tool calls: stopped here; say more to go on", kMostRounds));
      break;
    }
  }
  if (screen_.terminal()) screen_.print("\n");
  autosave();
}

SavedChat ChatLoop::saved() const { return {start_.model, start_.system, start_.thinking, start_.settings, messages_}; }

// The scheduler finds the state saved of these messages by their tokens, in its folder beside the sessions'.
void ChatLoop::resume(SavedChat chat) {
  start_.system = std::move(chat.system);
  start_.thinking = chat.thinking;
  start_.settings = chat.settings;
  messages_ = std::move(chat.messages);
  used_ = 0;
  last_.reset();
}

void ChatLoop::autosave() {
  if (start_.session.empty()) return;
  if (const Status saving = store_.save(start_.session, saved()); !saving.ok()) complain(saving.error().message);
}

}  // namespace sluice::cli

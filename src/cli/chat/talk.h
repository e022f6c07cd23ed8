// The model's side of a conversation: messages in, an answer's pieces out while it is written.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/settings.h"
#include "serve/sampled_turns.h"
#include "sluice/scheduler.h"
#include "text/grammar/constraints.h"
#include "text/output_stream.h"
#include "text/value.h"

namespace sluice::cli {

struct TalkRequest {
  std::optional<std::string> system;
  text::Value messages, tools;     // tools: none for no tools
  std::optional<bool> thinking;    // unset: as the template has it
  ChatSettings settings;
};

// Called on the thread that asked; `now` of a moment, about 25 times a second while the engine works.
struct TalkEvents {
  std::function<void(const text::OutputStream::Pieces& pieces)> pieces;
  std::function<void(double prompt_share, int64_t tokens)> progress;  // prompt_share: 1 once the prompt is read
};

struct TalkAnswer {
  std::string reasoning, content;
  std::vector<text::ToolCall> calls;
  Generation generation;
  int64_t prompt_tokens = 0;  // of the whole conversation; generation.stats counts those that had to be read
};

class Talk {
 public:
  explicit Talk(Scheduler& scheduler) : scheduler_(scheduler) {}

  // Waits for the answer. What of the conversation the engine still holds is not read again: the scheduler continues its
  // session where the tokens extend it. `cancel` ends the answer. Errors: unsupported (no chat template), those of the
  // template, of the tokenizer, of Scheduler::submit and of generation.
  Result<TalkAnswer> answer(const TalkRequest& request, std::atomic<bool>& cancel, const TalkEvents& events);

  const Scheduler& scheduler() const { return scheduler_; }

 private:
  struct Flow;
  Result<std::shared_ptr<Constraint>> constraint(const text::Value& tools, bool in_reasoning);

  Scheduler& scheduler_;
  serve::SampledTurns sampled_;
  std::shared_ptr<const text::TokenTrie> trie_;
  std::string compiled_for_;
  std::shared_ptr<text::CompiledGrammar> compiled_;
};

}  // namespace sluice::cli

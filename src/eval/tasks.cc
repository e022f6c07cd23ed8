#include "eval/tasks.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "eval/item_constraint.h"
#include "eval/scoring.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace sluice::eval {
namespace {

constexpr std::string_view kTurnEnd = "<|im_end|>";

Result<std::vector<int32_t>> encode_prompt(const Engine& engine, const Item& item) {
  text::ChatInput input;
  input.messages = item.messages;
  input.tools = item.tools;
  if (!item.thinking) input.extra.set("enable_thinking", text::Value::boolean(false));
  SLUICE_TRY(const std::vector<text::Segment> segments, engine.chat_template()->render(input));
  return engine.tokenizer()->encode(segments);
}

GenerateOptions greedy(int64_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.skip_special_tokens = false;
  return options;
}

Result<Generation> answer_item(const Engine& engine, Session& session, const Item& item, int64_t max_tokens,
                               ItemConstraints* constraints) {
  SLUICE_TRY(const std::vector<int32_t> prompt, encode_prompt(engine, item));
  session.reset();
  GenerateOptions options = greedy(max_tokens);
  if (constraints != nullptr) {
    SLUICE_TRY(options.constraint, constraints->make(item));
  }
  SLUICE_TRY(Generation generation, session.generate(prompt, options, {}));
  generation.text.resize(std::min(generation.text.find(kTurnEnd), generation.text.size()));
  return generation;
}

TaskScore& score_of(std::vector<TaskScore>& scores, const std::string& task) {
  const auto at = std::find_if(scores.begin(), scores.end(), [&](const TaskScore& s) { return s.task == task; });
  if (at != scores.end()) return *at;
  scores.push_back({.task = task});
  return scores.back();
}

}  // namespace

Result<std::vector<TaskScore>> run_tasks(const Engine& engine, Session& session, std::span<const Item> items,
                                         const TaskOptions& options, const AnswerSink& sink) {
  if (engine.tokenizer() == nullptr || engine.chat_template() == nullptr) {
    return Error{Code::unsupported, "tasks need a tokenizer and a chat template; this model lacks one"};
  }
  std::optional<ItemConstraints> constraints;
  if (options.constrain) {
    SLUICE_TRY(constraints, ItemConstraints::of(engine));
  }
  std::vector<TaskScore> scores;
  int64_t done = 0;
  for (const Item& item : items) {
    const auto from = std::chrono::steady_clock::now();
    auto generation = answer_item(engine, session, item, options.max_tokens, constraints ? &*constraints : nullptr);
    if (!generation.ok()) {
      return std::move(generation).error().within("item " + std::to_string(done + 1) + " (" + item.task + ")");
    }
    const Verdict verdict = judge(item, generation->text);
    TaskScore& score = score_of(scores, item.task);
    ++score.total;
    score.right += verdict.right ? 1 : 0;
    score.parsed += verdict.parses ? 1 : 0;
    score.tokens += static_cast<int64_t>(generation->tokens.size());
    score.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    ++done;
    if (sink) sink({&item, generation->text, verdict.right}, done, static_cast<int64_t>(items.size()));
  }
  return scores;
}

}  // namespace sluice::eval

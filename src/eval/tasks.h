// Runs evaluation items through a model, greedily, and counts the right answers per task.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eval/items.h"
#include "sluice/session.h"

namespace sluice::eval {

struct TaskScore {
  std::string task;
  int64_t right = 0, total = 0;
  int64_t parsed = 0;  // of total: answers in the form asked for; only where has_form()
  int64_t tokens = 0;  // generated
  double seconds = 0;
  double accuracy() const { return total > 0 ? static_cast<double>(right) / static_cast<double>(total) : 0; }
};

struct Answer {
  const Item* item;
  std::string text;
  bool right;
};

// Called after each item.
using AnswerSink = std::function<void(const Answer& answer, int64_t done, int64_t total)>;

// An item's prompt is the model's template with the generation prompt; enable_thinking is false unless the item thinks,
// else left at the template's default. The answer is everything up to the end of the turn, control tokens included.
// Scores come in the order in which tasks first occur; the session is reset before each item and left in use.
// Errors: unsupported (the model has no tokenizer or template); those of rendering and generating, naming the item.
//
// `constrain`: a tool_call item must call one of its tools, and a json item's answer must fit the schema that its expected
// value suggests (suggested_schema); other tasks are as free as without it.
struct TaskOptions {
  int64_t max_tokens = 160;
  bool constrain = false;
};
Result<std::vector<TaskScore>> run_tasks(const Engine& engine, Session& session, std::span<const Item> items,
                                         const TaskOptions& options, const AnswerSink& sink);

// The types and keys of a value, not its contents: objects take exactly these keys, lists items of the first one's type.
text::Value suggested_schema(const text::Value& value);

}  // namespace sluice::eval

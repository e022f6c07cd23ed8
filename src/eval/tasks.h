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
Result<std::vector<TaskScore>> run_tasks(const Engine& engine, Session& session, std::span<const Item> items,
                                         int64_t max_tokens, const AnswerSink& sink);

}  // namespace sluice::eval

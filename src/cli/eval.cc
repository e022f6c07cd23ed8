// sluice eval: how good the answers are, by tasks with a known answer and by the perplexity of a text.
#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/json_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "eval/perplexity.h"
#include "eval/scoring.h"
#include "eval/tasks.h"
#include "text/quote.h"

namespace sluice::cli {
namespace {

using text::Value;

struct EvalOptions {
  ModelOptions model;
  std::string tasks, perplexity;
  eval::Choice choice;
  std::optional<int64_t> max_tokens, block;
  int64_t blocks = 0;
  bool answers = false, constrain = false;
};

// What was measured; empty where it was not asked for.
struct Measured {
  std::vector<eval::TaskScore> scores;
  std::optional<eval::Perplexity> perplexity;
};

// "tool_call,json", any number of times.
Take names(std::vector<std::string>& out) {
  return [&out](const std::string& value) -> std::optional<std::string> {
    for (size_t from = 0; from <= value.size();) {
      const size_t comma = std::min(value.find(',', from), value.size());
      if (comma == from) return "must be names with commas between them";
      out.push_back(value.substr(from, comma - from));
      from = comma + 1;
    }
    return std::nullopt;
  };
}

// Every option given has something to act on.
std::optional<int> nothing_left_unused(const EvalOptions& o) {
  if (o.tasks.empty() && o.perplexity.empty()) {
    return wrong_usage("give --tasks FILE, --perplexity FILE or both (see sluice eval --help)");
  }
  if (o.tasks.empty() && (o.choice.limit > 0 || !o.choice.only.empty() || o.max_tokens || o.answers || o.constrain)) {
    return wrong_usage("--limit, --only, --max-tokens, --constrain and --answers go with --tasks FILE");
  }
  if (o.perplexity.empty() && (o.blocks > 0 || o.block))
    return wrong_usage("--block and --blocks go with --perplexity FILE");
  if (o.model.seed) return wrong_usage("--seed has no use here: answers are greedy");
  return std::nullopt;
}

std::optional<int> parse(const Args& args, EvalOptions& o) {
  Arguments a("eval [OPTIONS] --tasks FILE | --perplexity FILE",
              "Measures how well a model answers. Greedy, so every run gives the same figures.");
  a.group("What to measure");
  a.option("--tasks", "FILE", text(o.tasks), "a .jsonl of conversations with the answer expected");
  a.option("--perplexity", "FILE", text(o.perplexity), "a text; special tokens in it are parsed");
  a.option("--limit", "N", integer(o.choice.limit, 1), "the first N items of each task (all)");
  a.repeatable("--only", "TASK[,TASK]", names(o.choice.only), "these tasks (all)");
  a.option("-n,--max-tokens", "N", integer(o.max_tokens, 1), "most tokens of an answer (160)");
  a.option("--blocks", "N", integer(o.blocks, 1), "the first N blocks of the text (all)");
  a.option("--block", "N", integer(o.block, 4), "tokens of a block; its second half is scored (512)");
  a.flag("--constrain", o.constrain, "tool calls and JSON must fit their schemas (one of the tools, the keys expected)");
  a.flag("--answers", o.answers, "also print every answer on stderr, as JSON");
  a.group("Model");
  add_model(a, o.model);
  add_shape(a, o.model);
  a.group("How it runs");
  add_running(a, o.model);
  if (const auto code = a.parse(args)) return code;
  return nothing_left_unused(o);
}

Result<std::vector<eval::TaskScore>> run_tasks(const EvalOptions& o, const std::vector<eval::Item>& items,
                                               const Engine& engine, Session& session) {
  ProgressLine line;
  int64_t right = 0;
  return eval::run_tasks(engine, session, items, {.max_tokens = o.max_tokens.value_or(160), .constrain = o.constrain},
                         [&](const eval::Answer& answer, int64_t done, int64_t total) {
                           right += answer.right ? 1 : 0;
                           if (o.answers) {
                             const Value row = Value::map({{"task", Value::string(answer.item->task)},
                                                           {"right", Value::boolean(answer.right)},
                                                           {"answer", Value::string(answer.text)},
                                                           {"expect", answer.item->expect}});
                             line.clear();
                             fmt::print(stderr, "{}\n", text::to_json(row));
                           }
                           line.show(fmt::format("{} of {} items, {} right", done, total, right));
                         });
}

Result<Measured> measure(const EvalOptions& o, const std::vector<eval::Item>& items, const std::string& prose,
                         Engine& engine) {
  SLUICE_TRY(const auto session, engine.new_session());
  Measured out;
  if (!items.empty()) {
    SLUICE_TRY(out.scores, run_tasks(o, items, engine, *session));
  }
  if (!o.perplexity.empty()) {
    ProgressLine line;
    const auto show = [&](const eval::Perplexity& p, int64_t total) {
      line.show(fmt::format("block {} of {}, perplexity {:.5f}", p.blocks, total, p.value()));
    };
    SLUICE_TRY(out.perplexity, eval::measure_perplexity(engine, *session, prose,
                                                        {.block = o.block.value_or(512), .blocks = o.blocks}, show));
  }
  return out;
}

Value as_json(const EvalOptions& o, const Measured& m, const ModelInfo& info) {
  Value out = Value::map({{"model", string_value(info.path)}, {"k", Value::integer(info.top_k)}});
  const Value rows = Value::list();
  for (const auto& s : m.scores) {
    rows.push(Value::map({{"task", string_value(s.task)},
                          {"right", Value::integer(s.right)},
                          {"total", Value::integer(s.total)},
                          {"accuracy", real_value(s.accuracy())},
                          {"parsed", eval::has_form(s.task) ? Value::integer(s.parsed) : Value()},
                          {"tokens", Value::integer(s.tokens)},
                          {"seconds", real_value(s.seconds)}}));
  }
  if (!o.tasks.empty()) out.set("tasks", rows);
  if (m.perplexity) {
    const eval::Perplexity& p = *m.perplexity;
    out.set("perplexity", Value::map({{"value", real_value(p.value())},
                                      {"mean_nll", real_value(p.mean_nll)},
                                      {"tokens", Value::integer(p.tokens)},
                                      {"block", Value::integer(p.block)},
                                      {"blocks", Value::integer(p.blocks)},
                                      {"scored", Value::integer(p.scored)},
                                      {"seconds", real_value(p.seconds)}}));
  }
  return out;
}

std::string as_table(const Measured& m, const ModelInfo& info) {
  std::string out = fmt::format("{}, {} of {} experts a token\n", info.path, info.top_k, info.experts);
  size_t width = 10;
  for (const auto& s : m.scores) width = std::max(width, s.task.size());
  if (!m.scores.empty()) out += fmt::format("{:<{}}  right  of  accuracy  parse  tokens  seconds\n", "task", width);
  for (const auto& s : m.scores) {
    const std::string parsed = eval::has_form(s.task) ? std::to_string(s.parsed) : "-";
    out += fmt::format("{:<{}}  {:>5} {:>3}  {:>8.3f}  {:>5}  {:>6}  {:>7.1f}\n", s.task, width, s.right, s.total,
                       s.accuracy(), parsed, s.tokens, s.seconds);
  }
  if (m.perplexity) {
    const eval::Perplexity& p = *m.perplexity;
    out += fmt::format("{:<{}}  {:.5f}  ({} blocks of {} tokens, {} scored, {} in the text; {:.1f} s)\n", "perplexity",
                       width, p.value(), p.blocks, p.block, p.scored, p.tokens, p.seconds);
  }
  if (!out.empty()) out.pop_back();
  return out;
}

Status evaluate(EvalOptions& o) {
  std::vector<eval::Item> items;
  std::string prose;
  if (!o.tasks.empty()) {
    SLUICE_TRY(const std::string bytes, read_input(o.tasks));
    auto all = eval::parse_items(bytes);
    if (!all.ok()) return std::move(all).error().within(text::quote_text(o.tasks));
    SLUICE_TRY(items, eval::choose_items(std::move(all).value(), o.choice));
    if (items.empty()) return Error{Code::invalid, text::quote_text(o.tasks) + " has no items"};
  }
  if (!o.perplexity.empty()) {
    SLUICE_TRY(prose, read_input(o.perplexity));
  }
  SLUICE_TRY_VOID(choose_model(o.model.engine));
  SLUICE_TRY(const auto engine, Engine::open(o.model.engine));
  SLUICE_TRY(const Measured measured, measure(o, items, prose, *engine));
  return print_line(o.model.json ? text::to_json(as_json(o, measured, engine->info()))
                                 : as_table(measured, engine->info()));
}

}  // namespace

int eval_command(const Args& args) {
  EvalOptions options;
  if (const auto code = parse(args, options)) return *code;
  const Status done = evaluate(options);
  return done.ok() ? kGood : refused(done.error());
}

}  // namespace sluice::cli

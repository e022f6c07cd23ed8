// sluice run: a prompt in, text out as it comes.
#include <fmt/format.h>

#include <random>

#include "cli/commands.h"
#include "cli/constrained.h"
#include "cli/footer.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/timing.h"
#include "cli/warm_start.h"
#include "sluice/session.h"

namespace sluice::cli {
namespace {

struct RunOptions {
  ModelOptions model;
  LookInside inside;
  PromptOptions prompt;
  ConstraintOptions constraint;
  std::optional<float> temperature, top_p, min_p, presence_penalty, repetition_penalty;
  std::optional<int32_t> top_k;
  GenerateOptions generate;
  std::string warm_start = "on";
  bool show_special = false, quiet = false;
};

void add_generation(Arguments& a, RunOptions& o) {
  a.group("Generation (defaults: the model's own recommendation)");
  a.option("-n,--max-tokens", "N", integer(o.generate.max_tokens, 0, INT64_MAX), "most new tokens (512)");
  a.option("--temp", "T", real(o.temperature, {0, 100}), "temperature; 0 takes the likeliest token every time");
  a.option("--top-k", "K", integer(o.top_k, 0), "draw from the K likeliest; 0 from all");
  a.option("--top-p", "P", real(o.top_p, {0, 1, true}), "draw from the likeliest that together reach P");
  a.option("--min-p", "P", real(o.min_p, {0, 1}), "leave out what is less than P times as likely as the likeliest");
  a.option("--presence-penalty", "X", real(o.presence_penalty, {-2, 2}), "taken off every token already generated");
  a.option("--repetition-penalty", "X", real(o.repetition_penalty, {0, 10, true}),
           "weakens tokens of prompt and answer (1: off)");
  a.repeatable("--stop", "STRING", texts(o.generate.stop), "end before this text; may be given several times");
  a.flag("--ignore-eos", o.generate.ignore_eos, "go on after the model has ended its turn");
  add_constraint(a, o.constraint);
  a.flag("--show-special", o.show_special, "show control tokens in the text");
  a.flag("--quiet", o.quiet, "no figures at the end");
}

std::optional<int> parse(const Args& args, RunOptions& o) {
  Arguments a("run [OPTIONS] [PROMPT]",
              "Answers a prompt. Text goes to standard output as it comes; what the run did, to standard error.");
  add_prompt(a, o.prompt);
  add_generation(a, o);
  a.group("Model (defaults in brackets)");
  add_model(a, o.model);
  add_shape(a, o.model);
  add_running(a, o.model);
  a.option("--warm-start", "WHEN", one_of(o.warm_start, {"on", "off"}),
           "read the experts of earlier runs while the drive is idle (on)");
  add_rates(a, o.model);
  a.group("A look inside");
  add_look_inside(a, o.model, o.inside);
  a.remark("Ctrl-C ends the answer cleanly, with its figures (exit code 0); a second one at once (130).");
  a.remark(
      "examples: sluice run \"Tell me a story about a fox.\"\n"
      "          sluice run -m model.gguf --memory 8G --tools tools.json \"What is the weather in Cairo?\"");
  return a.parse(args);
}

SamplingOptions sampling(const RunOptions& o, SamplingOptions s) {
  s.temperature = o.temperature.value_or(s.temperature);
  s.top_k = o.top_k.value_or(s.top_k);
  s.top_p = o.top_p.value_or(s.top_p);
  s.min_p = o.min_p.value_or(s.min_p);
  s.presence_penalty = o.presence_penalty.value_or(s.presence_penalty);
  s.repetition_penalty = o.repetition_penalty.value_or(s.repetition_penalty);
  s.seed = o.model.seed ? *o.model.seed : std::random_device()();  // 32 bits: short enough to type again
  return s;
}

std::string run_json(const Generation& g, const Engine& engine, uint64_t seed) {
  using text::Value;
  return text::to_json(Value::map({{"tokens", tokens_value(g.tokens)},
                                   {"text", string_value(g.text)},
                                   {"finish", string_value(finish_name(g.finish))},
                                   {"seed", size_value(seed)},
                                   {"stats", stats_value(g.stats)},
                                   {"memory", memory_value(engine.memory())}}));
}

// Generates; unless it is for JSON, the text goes out on the way.
Result<Generation> generate(Engine& engine, std::span<const int32_t> tokens, const RunOptions& o) {
  SLUICE_TRY(const auto session, engine.new_session());
  Output out;
  ProgressLine line;
  GenerateOptions options = o.generate;
  options.prompt_progress = [&line](double share) { share < 1 ? line.show("reading the prompt", share) : line.clear(); };
  TokenSink sink;
  if (!o.model.json) {
    sink = [&out](int32_t, std::string_view text) {
      if (!out.write(text)) interrupt();  // nobody can read on; finish says why
    };
  }
  auto generation = session->generate(tokens, options, sink);
  Status written = out.finish();
  if (generation.ok() && !written.ok()) return std::move(written).error();
  return generation;
}

Result<std::unique_ptr<Engine>> open_engine(EngineOptions options) {
  ProgressLine line;
  options.load_progress = [&line](double share) { line.show("loading the model", share); };
  return Engine::open(options);
}

Status report(const Generation& generation, const Engine& engine, const RunOptions& o) {
  const SamplingOptions& s = o.generate.sampling;
  if (!o.inside.trace.empty()) SLUICE_TRY_VOID(engine.write_trace(o.inside.trace));
  if (o.inside.timing) fmt::print(stderr, "{}{}", o.model.json ? "" : "\n", timing_table({generation.stats}));
  if (o.model.json) return print_line(run_json(generation, engine, s.seed));
  if (!o.quiet) {
    fmt::print(stderr, "\n{}",
               footer(generation, engine.info(), s.temperature > 0 ? std::optional(s.seed) : std::nullopt));
  }
  return {};
}

}  // namespace

int run_command(const Args& args) {
  RunOptions o;
  if (const auto code = parse(args, o)) return *code;
  if (const Status read = read_constraint(o.constraint, o.prompt); !read.ok()) return refused(read.error());
  const auto prompt = read_prompt(o.prompt);
  if (!prompt.ok()) return refused(prompt.error());
  if (Status chosen = choose_model(o.model.engine); !chosen.ok()) return failed(chosen.error());
  choose_rates(o.model.engine);
  if (o.warm_start == "on") o.model.engine.use_counts = use_counts_path(o.model.engine.model);
  auto engine = open_engine(o.model.engine);
  if (!engine.ok()) return refused(engine.error());
  if (!o.generate.stop.empty() && (*engine)->tokenizer() == nullptr) {
    return failed({Code::unsupported, "--stop: this model has no tokenizer, so there is no text to find it in"});
  }
  const auto tokens = encode_prompt(*prompt, **engine);
  if (!tokens.ok()) return failed(tokens.error());
  auto constraint = o.generate.ignore_eos ? std::shared_ptr<Constraint>() : make_constraint(o.constraint, *prompt, *tokens, **engine);
  if (!constraint.ok()) return failed(constraint.error());
  o.generate.constraint = std::move(constraint).value();
  o.generate.skip_special_tokens = !o.show_special;
  o.generate.sampling = sampling(o, (*engine)->recommended_sampling());
  o.generate.cancel = watch_interrupts();
  const auto generation = generate(**engine, *tokens, o);
  if (!generation.ok()) return failed(generation.error());
  const Status reported = report(*generation, **engine, o);
  return reported.ok() ? kGood : failed(reported.error());
}

}  // namespace sluice::cli

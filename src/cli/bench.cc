// sluice bench: how fast a model runs here, some times over.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "cli/commands.h"
#include "cli/footer.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page_cache.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/timing.h"
#include "sluice/session.h"
#include "text/tokenizer.h"

namespace sluice::cli {
namespace {

using text::Value;

struct BenchOptions {
  ModelOptions model;
  LookInside inside;
  int64_t prompt = 128, tokens = 64;
  int32_t repeat = 3;
  bool cold = false;

  uint64_t seed() const { return model.seed.value_or(1); }
};

std::optional<int> parse(const Args& args, BenchOptions& o) {
  Arguments a("bench [OPTIONS]",
              "Measures how fast a model runs here: random prompts taken in and continued greedily, some times over.");
  a.group("What to measure (defaults in brackets)");
  a.option("-p,--prompt", "N", integer(o.prompt, 1), "tokens of a prompt (128)");
  a.option("-n,--max-tokens", "N", integer(o.tokens, 0), "new tokens after each (64)");
  a.option("--repeat", "R", integer(o.repeat, 1, 10000), "so many times, each in a session of its own (3)");
  a.option("--routes", "NAME|FILE", text(o.model.engine.routes),
           "experts from a preset or a recorded trace in place of the routers' (their own)");
  a.flag("--cold", o.cold, "load the model anew each time, with its files dropped from the page cache");
  add_look_inside(a, o.model, o.inside);
  a.group("Model");
  add_model(a, o.model);
  add_shape(a, o.model);
  a.group("How it runs");
  add_running(a, o.model);
  add_rates(a, o.model);
  a.excludes("--cold", {"--record-routes"});
  a.remark(
      "Prompts differ from one repeat to the next; the same --seed [1] gives the same ones. The first token comes out "
      "of "
      "the prompt's pass, so -n N times N - 1 passes.");
  return a.parse(args);
}

// Ordinary tokens; any, where the model has no tokenizer to say which are.
std::vector<int32_t> random_prompt(const Engine& engine, int64_t count, uint64_t seed) {
  const text::Tokenizer* tokenizer = engine.tokenizer();
  const int32_t vocabulary =
      tokenizer != nullptr ? std::min(tokenizer->size(), engine.info().vocab) : engine.info().vocab;
  const auto stops = engine.stop_tokens();
  const auto ordinary = [&](int32_t id) {
    if (std::find(stops.begin(), stops.end(), id) != stops.end()) return false;
    return tokenizer == nullptr || (!tokenizer->is_added(id) && !tokenizer->bytes(id).empty());
  };
  std::mt19937_64 random(seed);
  std::vector<int32_t> out;
  while (out.size() < static_cast<size_t>(count)) {
    auto id = static_cast<int32_t>(random() % static_cast<uint64_t>(vocabulary));
    for (int tries = 0; tries < 1000 && !ordinary(id); ++tries) {
      id = static_cast<int32_t>(random() % static_cast<uint64_t>(vocabulary));
    }
    out.push_back(id);
  }
  return out;
}

Result<std::unique_ptr<Engine>> open_engine(const BenchOptions& o) {
  if (o.cold) SLUICE_TRY_VOID(drop_page_cache(o.model.engine.model));
  ProgressLine line;
  EngineOptions options = o.model.engine;
  options.load_progress = [&line](double share) { line.show("loading the model", share); };
  SLUICE_TRY(auto engine, Engine::open(options));
  if (o.cold) SLUICE_TRY_VOID(drop_page_cache(o.model.engine.model));  // the trunk's pages, and what was read ahead
  if (const int64_t room = engine->memory().context; o.prompt + o.tokens > room) {
    return Error{Code::invalid,
                 fmt::format("-p {} and -n {} together are more than the {} positions of a session; give "
                             "a larger --ctx",
                             o.prompt, o.tokens, room)};
  }
  return engine;
}

Result<Stats> measure(const BenchOptions& o, Engine& engine, int32_t repeat, const std::atomic<bool>* cancel) {
  SLUICE_TRY(const auto session, engine.new_session());
  ProgressLine line;
  const std::string name = fmt::format("repeat {} of {}", repeat + 1, o.repeat);
  GenerateOptions g;
  g.max_tokens = o.tokens;
  g.ignore_eos = true;
  g.cancel = cancel;
  g.prompt_progress = [&](double share) { line.show(name + ": prompt", share); };
  int64_t done = 0;
  const auto sink = [&](int32_t token, std::string_view) {
    if (token >= 0) line.show(name + ": decoding", static_cast<double>(++done) / static_cast<double>(o.tokens));
  };
  const auto prompt = random_prompt(engine, o.prompt, o.seed() + static_cast<uint64_t>(repeat));
  SLUICE_TRY(const Generation generation, session->generate(prompt, g, sink));
  if (generation.finish == Finish::cancelled) return Error{Code::cancelled, "interrupted"};
  return generation.stats;
}

// "12.3 (11.9–12.8)"; "12.3" where all are equal as shown.
std::string spread(const std::vector<Stats>& runs, const std::function<std::string(double)>& show,
                   const std::function<double(const Stats&)>& figure) {
  std::vector<double> all;
  for (const Stats& s : runs) all.push_back(figure(s));
  std::sort(all.begin(), all.end());
  const double median = (all[all.size() / 2] + all[(all.size() - 1) / 2]) / 2;
  const std::string least = show(all.front()), most = show(all.back());
  return least == most ? least : fmt::format("{} ({}–{})", show(median), least, most);
}

// One line, of one repeat or of the medians of all.
std::string figures(const std::vector<Stats>& runs) {
  const Stats& s = runs.front();
  const auto number = [](double v) { return fmt::format("{:.{}f}", v, v < 100 ? 2 : 0); };
  const auto percent = [](double v) { return fmt::format("{:.0f}", 100 * v); };
  std::string out = fmt::format("prompt {} at {} tok/s", s.prompt_tokens,
                                spread(runs, number, [](const Stats& x) { return x.prefill_tok_s(); }));
  if (s.decode_tokens > 0) {
    out += fmt::format(" · decode {} at {} tok/s", s.decode_tokens,
                       spread(runs, number, [](const Stats& x) { return x.decode_tok_s(); }));
    out += fmt::format(" · {} of experts a token, {} of it read",
                       spread(runs, show_bytes, [](const Stats& x) { return x.expert_bytes_per_token; }),
                       spread(runs, show_bytes, [](const Stats& x) { return x.ssd_bytes_per_token; }));
    out += fmt::format(" at {} GB/s", spread(runs, number, [](const Stats& x) { return x.ssd_gb_s; }));
    out += fmt::format(" · hits {} %", spread(runs, percent, [](const Stats& x) { return x.hit_rate; }));
    out += fmt::format(" · stall {} %", spread(runs, percent, [](const Stats& x) { return x.stall_share; }));
  }
  if (s.share_of_limit) {
    out += fmt::format(" · {} % of limit",
                       spread(runs, percent, [](const Stats& x) { return x.share_of_limit.value_or(0); }));
  }
  return out + fmt::format(" · routes {}", routes_name(s));
}

std::string settings(const Engine& engine, const Stats& s) {
  const MemoryPlan& m = engine.memory();
  return fmt::format(
      "{} · memory {} · {} slots of {} · K {} of {}{}{} · {} · {} thread{} · {}{} · peak {} · {} · routes {}",
      engine.info().path, show_bytes(static_cast<double>(m.budget)), m.slot_count,
      show_bytes(static_cast<double>(m.slot_bytes)), s.k, engine.info().trained_top_k,
      s.k != engine.info().trained_top_k ? " (lossy)" : "", kv_text(s), kernels_text(s), s.threads, s.threads == 1 ? "" : "s", s.io,
      s.policy.empty() ? "" : " · policy " + s.policy, show_bytes(static_cast<double>(s.peak_rss_bytes)), limit_text(s),
      routes_name(s));
}

Value options_value(const BenchOptions& o, const Engine& engine) {
  const EngineOptions& e = o.model.engine;
  return Value::map({{"prompt_tokens", Value::integer(o.prompt)},
                     {"new_tokens", Value::integer(o.tokens)},
                     {"repeat", Value::integer(o.repeat)},
                     {"cold", Value::boolean(o.cold)},
                     {"seed", size_value(o.seed())},
                     {"memory_bytes", size_value(engine.memory().budget)},
                     {"context", Value::integer(engine.memory().context)},
                     {"chunk", Value::integer(engine.memory().chunk)},
                     {"threads", Value::integer(e.threads)},
                     {"experts", Value::integer(e.experts)},
                     {"kv", string_value(e.kv)},
                     {"isa", string_value(e.isa)},
                     {"activations", Value::integer(e.activations)},
                     {"io", string_value(e.io)},
                     {"io_backend", string_value(e.io_backend)},
                     {"lookahead", string_value(e.lookahead)},
                     {"policy", string_value(e.policy)},
                     {"routes", string_value(e.routes)},
                     {"ssd_gb_s", e.ssd_gb_s > 0 ? real_value(e.ssd_gb_s) : Value()},
                     {"ram_gb_s", e.ram_gb_s > 0 ? real_value(e.ram_gb_s) : Value()}});
}

Status report(const BenchOptions& o, const Engine& engine, const std::vector<Stats>& runs) {
  if (o.inside.timing) fmt::print(stderr, "{}", timing_table(runs));
  if (!o.model.json) {
    return print_line(fmt::format("median of {}: {}\n{}", runs.size(), figures(runs), settings(engine, runs.back())));
  }
  const Value stats = Value::list();
  for (const Stats& s : runs) stats.push(stats_value(s));
  return print_line(text::to_json(Value::map({{"model", model_value(engine.info(), engine.memory().context)},
                                              {"memory", memory_value(engine.memory())},
                                              {"options", options_value(o, engine)},
                                              {"stats", stats}})));
}

Status bench(BenchOptions& o) {
  SLUICE_TRY_VOID(choose_model(o.model.engine));
  choose_rates(o.model.engine);
  const std::atomic<bool>* cancel = watch_interrupts();
  std::unique_ptr<Engine> engine;
  std::vector<Stats> runs;
  for (int32_t repeat = 0; repeat < o.repeat; ++repeat) {
    if (engine == nullptr || o.cold) {
      engine.reset();  // first: there is not room for two
      SLUICE_TRY(engine, open_engine(o));
    }
    SLUICE_TRY(Stats stats, measure(o, *engine, repeat, cancel));
    runs.push_back(std::move(stats));
    if (!o.model.json)
      SLUICE_TRY_VOID(print_line(fmt::format("{} of {}: {}", repeat + 1, o.repeat, figures({runs.back()}))));
  }
  if (!o.inside.trace.empty()) SLUICE_TRY_VOID(engine->write_trace(o.inside.trace));
  return report(o, *engine, runs);
}

}  // namespace

int bench_command(const Args& args) {
  BenchOptions options;
  if (const auto code = parse(args, options)) return *code;
  if (options.model.engine.context == 0 && options.prompt + options.tokens > 8192) {
    options.model.engine.context = options.prompt + options.tokens;
  }
  const Status done = bench(options);
  return done.ok() ? kGood : refused(done.error());
}

}  // namespace sluice::cli

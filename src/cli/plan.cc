// sluice plan: what a model would do on this machine, or on one not yet owned.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "sluice/forecast.h"
#include "sluice/model_info.h"

namespace sluice::cli {
namespace {

using text::Value;

std::optional<int> parse(const Args& args, ModelOptions& o) {
  Arguments a(
      "plan [OPTIONS]",
      "Predicts how fast a model will run, from its sizes and the rates of drive and memory. Reads no weights.");
  a.group("Machine (defaults in brackets)");
  a.option("--memory", "SIZE", size(o.engine.memory_bytes), "one budget in detail (several side by side)");
  add_rates(a, o);
  a.option("--isa", "NAME", text(o.engine.isa), "kernels by name (the best this processor has)");
  a.group("Model and use");
  add_model(a, o);
  add_shape(a, o);
  a.option("--routes", "NAME", text(o.engine.routes), "how experts are picked, by preset (conversation)");
  a.option("--policy", "NAME", text(o.engine.policy), "which expert leaves the cache (the default policy)");
  a.option("--lookahead", "WHEN", one_of(o.engine.lookahead, {"auto", "on", "off"}), "auto, on or off (auto)");
  a.remark(
      "cold: the first 64 tokens after an empty cache; warm: after 500. t_ssd and t_ram are what the limit is made of: "
      "milliseconds a token that the drive and memory need at least.");
  a.remark("example: sluice plan -m model.gguf --ssd 7 --ram 80 --threads 16");
  return a.parse(args);
}

std::string bytes(double count) {
  return show_bytes(count);
}
std::string bytes(uint64_t count) {
  return show_bytes(static_cast<double>(count));
}

std::string number(const std::optional<double>& value) {
  if (!value) return "-";
  return fmt::format("{:.{}f}", *value, *value < 9.995 ? 2 : *value < 99.95 ? 1 : 0);
}

std::string milliseconds(const std::optional<double>& seconds) {
  return number(seconds ? std::optional(1e3 * *seconds) : std::nullopt);
}

std::string rate(double gb_s) {
  return gb_s > 0 ? fmt::format("{:.2f} GB/s", gb_s) : "not measured";
}

std::string heading(const ModelInfo& i, const EngineOptions& o, const ForecastTable& t) {
  std::string out =
      fmt::format("{}: {} of experts, {} of trunk; {} layers, {} of {} experts a token, one {}\n", i.path,
                  bytes(i.expert_bytes), bytes(i.trunk_bytes), i.layers, i.top_k, i.experts, bytes(i.record_bytes));
  out += fmt::format("drive {} · memory {} · {} thread{} · {} · routes {} · policy {}\n", rate(o.ssd_gb_s),
                     rate(o.ram_gb_s), t.threads, t.threads == 1 ? "" : "s", t.isa, t.routes, t.policy);
  if (o.ssd_gb_s == 0 || o.ram_gb_s == 0)
    out += "no speeds without both rates: run sluice doctor, or give --ssd and --ram\n";
  return out;
}

std::string speed_cells(const SpeedForecast& s) {
  return fmt::format(" |{:>5.0f} %{:>7}{:>8}{:>8}{:>7}{:>8}", 100 * s.hit_rate, number(s.tok_s), milliseconds(s.ssd_s),
                     milliseconds(s.ram_s), number(s.limit_tok_s), number(s.prompt_tok_s));
}

std::string table(const std::vector<Forecast>& rows) {
  const std::string columns =
      fmt::format(" |{:>7}{:>7}{:>8}{:>8}{:>7}{:>8}", "hits", "tok/s", "t_ssd", "t_ram", "limit", "prompt");
  std::string out = fmt::format("{:<28} | {:<43} | warm\n", "", "cold: ms and tokens a second");
  out += fmt::format("{:>10}{:>9}{:>9}{}{}\n", "memory", "slots", "of all", columns, columns);
  for (const Forecast& row : rows) {
    out += fmt::format("{:>10}", bytes(row.memory.budget));
    if (!row.refused.empty()) {
      out += "  too little: " + row.refused + "\n";
      continue;
    }
    out += fmt::format("{:>9}{:>7.1f} %{}{}\n", row.memory.slot_count, 100 * row.resident_share, speed_cells(row.cold),
                       speed_cells(row.warm));
  }
  return out;
}

std::string fact(std::string_view name, std::string_view value) {
  return fmt::format("  {:<12}{}\n", name, value);
}

std::string speed_text(const SpeedForecast& s) {
  std::string out = fmt::format("{} tok/s · hits {:.0f} % · {} of experts a token, {} of it read", number(s.tok_s),
                                100 * s.hit_rate, bytes(s.expert_bytes), bytes(s.ssd_bytes));
  if (!s.limit_tok_s) return out;
  out += fmt::format(" · limit {} tok/s (t_ssd {} ms, t_ram {} ms) · {:.0f} % of it", number(s.limit_tok_s),
                     milliseconds(s.ssd_s), milliseconds(s.ram_s), 100 * *s.tok_s / *s.limit_tok_s);
  return out + fmt::format(" · prompt {} tok/s", number(s.prompt_tok_s));
}

std::string detail(const Forecast& f) {
  const MemoryPlan& m = f.memory;
  std::string out = fact("memory", bytes(m.budget) + fmt::format(" ({} at least)", bytes(m.floor)));
  out += fact("process", bytes(m.process));
  out += fact("trunk", bytes(m.trunk) + fmt::format(", {} of it used by a token", bytes(f.trunk_bytes)));
  out += fact("state", fmt::format("{} for {} positions", bytes(m.state), m.context));
  out += fact("buffers", fmt::format("{} for {} prompt tokens at once", bytes(m.workspace), m.chunk));
  out += fact("slots", fmt::format("{}: {} of {}, {:.1f} % of all experts", bytes(m.slots), m.slot_count,
                                   bytes(m.slot_bytes), 100 * f.resident_share));
  out += fact("cold", speed_text(f.cold));
  return out + fact("warm", speed_text(f.warm));
}

Value speed_value(const SpeedForecast& s) {
  return Value::map({{"hit_rate", real_value(s.hit_rate)},
                     {"expert_bytes_per_token", real_value(s.expert_bytes)},
                     {"ssd_bytes_per_token", real_value(s.ssd_bytes)},
                     {"decode_tok_s", optional_real(s.tok_s)},
                     {"prefill_tok_s", optional_real(s.prompt_tok_s)},
                     {"t_ssd_s", optional_real(s.ssd_s)},
                     {"t_ram_s", optional_real(s.ram_s)},
                     {"limit_tok_s", optional_real(s.limit_tok_s)}});
}

Value row_value(const Forecast& f) {
  if (!f.refused.empty()) {
    return Value::map({{"budget", size_value(f.memory.budget)}, {"refused", string_value(f.refused)}});
  }
  return Value::map({{"budget", size_value(f.memory.budget)},
                     {"refused", Value()},
                     {"memory", memory_value(f.memory)},
                     {"resident_share", real_value(f.resident_share)},
                     {"trunk_bytes_per_token", real_value(f.trunk_bytes)},
                     {"state_bytes_per_token", real_value(f.state_bytes)},
                     {"cold", speed_value(f.cold)},
                     {"warm", speed_value(f.warm)}});
}

Value plan_value(const ModelInfo& info, const EngineOptions& o, const ForecastTable& t) {
  const Value rows = Value::list();
  for (const Forecast& row : t.rows) rows.push(row_value(row));
  const int64_t context = o.context > 0 ? o.context : std::min<int64_t>(info.context, 8192);
  return Value::map({{"model", model_value(info, context)},
                     {"ssd_gb_s", o.ssd_gb_s > 0 ? real_value(o.ssd_gb_s) : Value()},
                     {"ram_gb_s", o.ram_gb_s > 0 ? real_value(o.ram_gb_s) : Value()},
                     {"threads", Value::integer(t.threads)},
                     {"isa", string_value(t.isa)},
                     {"routes", string_value(t.routes)},
                     {"policy", string_value(t.policy)},
                     {"plans", rows}});
}

// Budgets people have, up to the first that holds everything, and what is here.
std::vector<uint64_t> budgets(const EngineOptions& o, const ModelInfo& info) {
  if (o.memory_bytes > 0) return {o.memory_bytes};
  std::vector<uint64_t> out;
  for (uint64_t gib = 4; gib <= 256; gib *= 2) {
    out.push_back(gib << 30);
    if (out.back() >= info.full_bytes) break;
  }
  out.push_back(0);
  return out;
}

Status plan(ModelOptions& o) {
  SLUICE_TRY_VOID(choose_model(o.engine));
  SLUICE_TRY(const ModelInfo info, inspect(o.engine));
  choose_rates(o.engine, info);
  SLUICE_TRY(const ForecastTable t, forecast(o.engine, budgets(o.engine, info)));
  if (o.engine.memory_bytes > 0 && !t.rows[0].refused.empty()) return Error{Code::over_budget, t.rows[0].refused};
  if (o.json) return print_line(text::to_json(plan_value(info, o.engine, t)));
  const std::string head = heading(info, o.engine, t);
  if (o.engine.memory_bytes > 0) return print_text(head + "\n" + detail(t.rows[0]));
  return print_text(fmt::format("{}\n{}\nThe last row is what this machine has left.\n", head, table(t.rows)));
}

}  // namespace

int plan_command(const Args& args) {
  ModelOptions options;
  if (const auto code = parse(args, options)) return *code;
  const Status done = plan(options);
  return done.ok() ? kGood : refused(done.error());
}

}  // namespace sluice::cli

#include "runtime/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/machine.h"
#include "cache/expert_cache.h"
#include "cache/route_model.h"
#include "device/state.h"
#include "kernels/kernel_table.h"
#include "runtime/describe.h"
#include "runtime/limit.h"
#include "runtime/memory_plan.h"
#include "store/model_files.h"

namespace sluice::runtime {
namespace {

constexpr int32_t kColdTokens = 64, kWarmFrom = 500, kWarmTokens = 128, kMostChunk = 512;
constexpr int32_t kReplayed = 4096;        // experts of the layers that are replayed, about
constexpr int64_t kAssumedPosition = 512;  // KV rows that a token reads

double bytes_of(const model::Plan& plan, std::initializer_list<model::MatrixId> ids) {
  double sum = 0;
  for (const model::MatrixId id : ids) sum += matrix_bytes(plan, id);
  return sum;
}

void add_step(const model::Plan& plan, const model::Step& step, TokenWork& work) {
  if (const auto* head = std::get_if<model::Head>(&step.op)) work.head += matrix_bytes(plan, head->matrix);
  if (step.layer < 0 || static_cast<size_t>(step.layer) >= work.layers.size()) return;
  LayerWork& layer = work.layers[static_cast<size_t>(step.layer)];
  if (const auto* s = std::get_if<model::Attention>(&step.op))
    layer.trunk += bytes_of(plan, {s->q, s->k, s->v, s->o});
  if (const auto* s = std::get_if<model::DeltaNet>(&step.op)) {
    layer.trunk += bytes_of(plan, {s->qkv, s->z, s->beta, s->alpha, s->out});
  }
  if (const auto* s = std::get_if<model::Route>(&step.op)) layer.trunk += matrix_bytes(plan, s->router);
  if (const auto* s = std::get_if<model::SharedFfn>(&step.op)) {
    layer.shared += bytes_of(plan, {s->gate, s->up, s->down, s->scale});
  }
  if (const auto* s = std::get_if<model::Experts>(&step.op)) {
    layer.record = static_cast<double>(plan.expert_layers[static_cast<size_t>(s->moe_index)].record_bytes);
  }
}

// A cache that is fed with routes and says how many of each set of experts it lacked.
class Replay {
 public:
  Replay(const cache::RouteTrace& trace, int32_t slots, const cache::PolicyRow& policy)
      : trace_(trace),
        cache_({.layers = trace.shape().layers,
                .experts_per_layer = trace.shape().experts,
                .slots = slots,
                .layer_floor = trace.shape().k},
               policy) {}

  // Of tokens [from, to), decoded one after the other.
  std::vector<double> decode(size_t from, size_t to) {
    std::vector<double> chance(static_cast<size_t>(trace_.shape().k) + 1);
    for (size_t token = from; token < to; ++token) {
      for (int32_t layer = 0; layer < trace_.shape().layers; ++layer)
        ++chance[use(layer, trace_.experts(token, layer))];
    }
    const double sets = std::accumulate(chance.begin(), chance.end(), 0.0);
    for (double& c : chance) c /= std::max(sets, 1.0);
    return chance;
  }

  // Of tokens [from, to) taken in at once, with the cache as it is; changes nothing.
  void look_at_chunk(size_t from, size_t to, MissForecast& out) const {
    const auto layers = static_cast<double>(trace_.shape().layers);
    for (int32_t layer = 0; layer < trace_.shape().layers; ++layer) {
      std::vector<char> used(static_cast<size_t>(trace_.shape().experts));
      for (size_t token = from; token < to; ++token) {
        for (const uint16_t expert : trace_.experts(token, layer)) used[expert] = 1;
      }
      for (int32_t expert = 0; expert < trace_.shape().experts; ++expert) {
        if (used[static_cast<size_t>(expert)] == 0) continue;
        out.chunk_touched += 1 / layers;
        if (!cache_.find({layer, expert}).found()) out.chunk_missed += 1 / layers;
      }
    }
  }

 private:
  // As the engine uses them: all looked up, the missing ones loaded, all held until the layer is done.
  size_t use(int32_t layer, std::span<const uint16_t> experts) {
    held_.clear();
    for (const uint16_t expert : experts) {
      if (const auto found = cache_.acquire({layer, expert}); found.found()) held_.push_back(found.slot);
    }
    const size_t misses = experts.size() - held_.size();
    for (const uint16_t expert : experts) {
      if (cache_.find({layer, expert}).found()) continue;
      const int32_t slot = cache_.begin_load({layer, expert});
      if (slot == cache::kNoSlot) continue;
      cache_.finish_load(slot, true);
      held_.push_back(slot);
    }
    for (const int32_t slot : held_) cache_.release(slot);
    return misses;
  }

  const cache::RouteTrace& trace_;
  cache::ExpertCache cache_;
  std::vector<int32_t> held_;
};

double thread_gb_s(std::string_view isa) {
  if (isa == "avx512_vnni" || isa == "amx") return kEfficiency.avx512_vnni_gb_s;  // AMX differs for prompts only
  if (isa == "avx512") return kEfficiency.avx512_gb_s;
  return isa == "avx2" || isa == "avx_vnni" ? kEfficiency.avx2_gb_s : kEfficiency.ref_gb_s;
}

// Seconds that weights take whose products are bound by memory or by the threads.
double pass_seconds(double bytes, const MachineRates& m) {
  return bytes / 1e9 / std::min(m.ram_gb_s * kEfficiency.ram, m.compute_gb_s);
}

SpeedForecast speed(const TokenWork& work, const MissForecast& misses, const MachineRates& machine, bool lookahead,
                    int32_t chunk) {
  SpeedForecast s;
  s.expert_bytes = work.experts();
  s.hit_rate = 1 - misses.mean() / work.top_k;
  s.ssd_bytes = s.expert_bytes * (1 - s.hit_rate);
  set_limit(work, machine, s);
  if (s.limit_tok_s) {
    s.tok_s = 1 / token_seconds(work, misses, machine, lookahead);
    s.prompt_tok_s = chunk / prompt_seconds(work, misses, machine, chunk);
  }
  return s;
}

// For as many layers as are replayed.
Result<cache::RouteTrace> forecast_routes(const model::Plan& plan, const cache::RoutePreset& preset) {
  const auto layers = static_cast<int32_t>(plan.expert_layers.size());
  const int32_t replayed = std::min(layers, std::max(kReplayed / std::max(plan.experts, 1), 4));
  const cache::RouteShape shape{replayed, plan.experts, plan.top_k};
  SLUICE_TRY_VOID(cache::check_route_shape(shape));
  return cache::generate_routes(shape, preset.habits, 1, 0, kWarmFrom + kWarmTokens + kMostChunk);
}

Result<const cache::RoutePreset*> preset_of(const EngineOptions& o) {
  if (o.routes.empty()) return &cache::route_presets().front();
  if (const auto* preset = cache::route_preset(o.routes)) return preset;
  std::string names;
  for (const auto& p : cache::route_presets()) names += fmt::format("{}{}", names.empty() ? "" : ", ", p.name);
  return Error{Code::invalid, fmt::format("--routes {}: a forecast takes one of {}", o.routes, names)};
}

}  // namespace

double TokenWork::trunk() const {
  double sum = head;
  for (const LayerWork& layer : layers) sum += layer.trunk + layer.shared;
  return sum;
}

double TokenWork::experts() const {
  double sum = 0;
  for (const LayerWork& layer : layers) sum += layer.record * top_k;
  return sum;
}

double MissForecast::mean() const {
  double sum = 0;
  for (size_t misses = 0; misses < chance.size(); ++misses) sum += static_cast<double>(misses) * chance[misses];
  return sum;
}

TokenWork token_work(const model::Plan& plan, int64_t context, kernels::KvFormat kv) {
  TokenWork work;
  work.top_k = plan.top_k;
  work.layers.resize(static_cast<size_t>(plan.layers));
  for (const model::Step& step : plan.steps) add_step(plan, step, work);
  const auto recurrent = static_cast<double>(device::state_bytes(plan, 1, kv));
  const auto at_position = static_cast<double>(device::state_bytes(plan, std::min(context, kAssumedPosition), kv));
  work.state = (plan.recurrent_layers > 0 ? recurrent : 0) + at_position;
  return work;
}

CacheForecast forecast_cache(const cache::RouteTrace& trace, int32_t layers, int32_t slots, int32_t chunk,
                             const cache::PolicyRow& policy) {
  const cache::RouteShape& shape = trace.shape();
  const int64_t share = std::max<int64_t>(int64_t{slots} * shape.layers / layers, int64_t{shape.k} * shape.layers);
  Replay replay(trace, static_cast<int32_t>(share), policy);
  const auto after = [&](size_t from) { return std::min(from + static_cast<size_t>(chunk), trace.tokens()); };
  CacheForecast out;
  replay.look_at_chunk(0, after(0), out.cold);
  out.cold.chance = replay.decode(0, kColdTokens);
  replay.decode(kColdTokens, kWarmFrom);
  out.warm.chance = replay.decode(kWarmFrom, kWarmFrom + kWarmTokens);
  replay.look_at_chunk(kWarmFrom + kWarmTokens, after(kWarmFrom + kWarmTokens), out.warm);
  return out;
}

// A layer: its trunk, then its experts beside the reads of those that miss, and the last of these once it is there.
// What look-ahead expects is read beside the next trunk, as far as that lasts.
double token_seconds(const TokenWork& work, const MissForecast& misses, const MachineRates& m, bool lookahead) {
  const double read_rate = m.ssd_gb_s * 1e9 * kEfficiency.ssd;
  double seconds = pass_seconds(work.head + work.state, m);
  for (const LayerWork& layer : work.layers) {
    const double trunk = pass_seconds(layer.trunk, m) + kEfficiency.layer_s;
    seconds += trunk;
    if (layer.record == 0) {
      seconds += pass_seconds(layer.shared, m);
      continue;
    }
    for (size_t missed = 0; missed < misses.chance.size(); ++missed) {
      const auto count = static_cast<double>(missed);
      const double compute =
          pass_seconds(layer.shared + layer.record * (work.top_k + count), m);  // a miss is also written
      const double read = count * layer.record / read_rate;
      const double ahead = lookahead ? std::min(kEfficiency.lookahead * read, trunk) : 0;
      const double arrival = missed == 0 ? 0 : kEfficiency.first_read_s + read - ahead + pass_seconds(layer.record, m);
      seconds += misses.chance[missed] * std::max(compute, arrival);
    }
  }
  return seconds;
}

// A chunk: trunks by their products; experts by products or by the reads of those that miss, which overlap.
double prompt_seconds(const TokenWork& work, const MissForecast& misses, const MachineRates& m, int32_t chunk) {
  const double read_rate = m.ssd_gb_s * 1e9 * kEfficiency.ssd;
  const auto products = [&](double bytes, double passes) {  // `bytes` stream by once, and are used `passes` times
    const double compute = bytes * passes / 1e9 / (m.compute_gb_s * kEfficiency.prompt);
    return std::max(compute, bytes / 1e9 / (m.ram_gb_s * kEfficiency.ram));
  };
  double seconds = pass_seconds(work.head, m);
  for (const LayerWork& layer : work.layers) {
    seconds += products(layer.trunk + layer.shared, chunk) + kEfficiency.layer_s;
    if (misses.chunk_touched <= 0) continue;
    const double passes = static_cast<double>(chunk) * work.top_k / misses.chunk_touched;
    seconds +=
        std::max(products(layer.record * misses.chunk_touched, passes), misses.chunk_missed * layer.record / read_rate);
  }
  return seconds;
}

void set_limit(const TokenWork& work, const MachineRates& m, SpeedForecast& s) {
  if (m.ssd_gb_s <= 0 || m.ram_gb_s <= 0) return;
  s.ssd_s = s.ssd_bytes / 1e9 / m.ssd_gb_s;
  s.ram_s = (s.expert_bytes + s.ssd_bytes + work.trunk() + work.state) / 1e9 / m.ram_gb_s;
  s.limit_tok_s = limit_tok_s({s.expert_bytes, s.ssd_bytes, work.trunk(), work.state}, {m.ssd_gb_s, m.ram_gb_s});
}

}  // namespace sluice::runtime

namespace sluice {
namespace {

using namespace runtime;

// What all budgets share.
struct Subject {
  const EngineOptions& options;
  const model::Plan& plan;
  int64_t vocabulary;
  int32_t threads;
  const cache::RouteTrace& trace;
  const cache::PolicyRow& policy;
  MachineRates machine;
};

// Errors: invalid; a budget that is too small is none.
Result<Forecast> forecast_row(const Subject& s, uint64_t budget) {
  MemoryRequest request;
  request.budget = budget > 0 ? budget : default_budget(available_memory());
  request.budget_given = budget > 0;
  request.context = s.options.context;
  SLUICE_TRY(request.kv, kernels::kv_format(s.options.kv));
  request.chunk = s.options.chunk;
  request.threads = s.threads;
  request.vocabulary = s.vocabulary;
  Forecast row;
  row.memory.budget = request.budget;
  auto memory = plan_memory(s.plan, request);
  if (!memory.ok()) {
    if (memory.error().code != Code::over_budget) return std::move(memory).error();
    row.refused = memory.error().message;
    return row;
  }
  row.memory = *memory;
  const TokenWork work = token_work(s.plan, row.memory.context, request.kv);
  row.trunk_bytes = work.trunk();
  row.state_bytes = work.state;
  const auto layers = static_cast<int32_t>(s.plan.expert_layers.size());
  row.resident_share = row.memory.slot_count / (static_cast<double>(layers) * s.plan.experts);
  const int32_t chunk = std::min(row.memory.chunk, kMostChunk);
  const CacheForecast misses = forecast_cache(s.trace, layers, row.memory.slot_count, chunk, s.policy);
  const bool lookahead = s.options.lookahead != "off";
  row.cold = speed(work, misses.cold, s.machine, lookahead, chunk);
  row.warm = speed(work, misses.warm, s.machine, lookahead, chunk);
  return row;
}

}  // namespace

Result<ForecastTable> forecast(const EngineOptions& o, std::span<const uint64_t> budgets) {
  SLUICE_TRY(const cache::RoutePreset* preset, preset_of(o));
  SLUICE_TRY(const cache::PolicyRow* policy, cache::choose_policy(o.policy));
  SLUICE_TRY(const kernels::KernelTable* kernels, kernels::select(o.isa));
  SLUICE_TRY(const store::ModelFiles files, store::open_model(o.model, o.more_models));
  SLUICE_TRY(const model::Plan plan, model::compile(files, {.top_k_override = o.experts}));
  ForecastTable table{std::string(preset->name),
                      std::string(policy->name),
                      std::string(kernels->name),
                      o.threads > 0 ? o.threads : cpu_count(),
                      {}};
  SLUICE_TRY(const cache::RouteTrace trace, forecast_routes(plan, *preset));
  const MachineRates machine{o.ssd_gb_s, o.ram_gb_s, table.threads * thread_gb_s(table.isa)};
  const Subject subject{o, plan, vocabulary_size(files, plan), table.threads, trace, *policy, machine};
  for (const uint64_t budget : budgets) {
    SLUICE_TRY(Forecast row, forecast_row(subject, budget));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace sluice

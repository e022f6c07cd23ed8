#include "runtime/answer_stats.h"

#include "base/machine.h"
#include "runtime/decoder.h"
#include "runtime/engine_parts.h"

namespace sluice::runtime {
namespace {

// Whole numbers are divided so that the shares add up.
uint64_t share(uint64_t before, uint64_t now, size_t among, size_t index) {
  const uint64_t all = now - before;
  return all / among + (index < all % among ? 1 : 0);
}

void fill_decode(Stats& stats, const Session::Parts& s, const AnswerCost& cost, bool alone) {
  const Engine::Parts& e = s.engine;
  const ExpertCounters& x = cost.experts;
  const auto tokens = static_cast<double>(stats.decode_tokens);
  const auto read = static_cast<double>(x.bytes_read), hits = static_cast<double>(x.hits);
  const double uses = hits + static_cast<double>(x.misses + x.foreseen);
  const double seconds = alone ? stats.decode_s : cost.seconds;
  stats.expert_bytes_per_token = static_cast<double>(x.bytes_touched) / tokens;
  stats.ssd_bytes_per_token = read / tokens;
  stats.hit_rate = uses > 0 ? hits / uses : 0;
  stats.stall_share = seconds > 0 ? x.stall_s / seconds : 0;
  stats.ssd_gb_s = x.reading_s > 0 ? read / x.reading_s / 1e9 : 0;
  stats.speculative_reads = x.speculative_reads;
  stats.speculative_used = x.foreseen;
  // A pass that takes several tokens in moves trunk and state once for all of them.
  const double positions = static_cast<double>(s.state.position) - tokens / 2;
  stats.trunk_bytes_per_token = cost.passes / tokens * e.token_bytes.trunk;
  stats.state_bytes_per_token = static_cast<double>(stats.decode_passes) / tokens * (e.token_bytes.recurrent + e.token_bytes.kv_row * positions);
  const Moved moved{stats.expert_bytes_per_token, static_cast<double>(x.bytes_needed) / tokens, stats.trunk_bytes_per_token,
                    stats.state_bytes_per_token};
  stats.limit_tok_s = limit_tok_s(moved, {e.options.ssd_gb_s, e.options.ram_gb_s});
  if (stats.limit_tok_s && seconds > 0) stats.share_of_limit = tokens / seconds / *stats.limit_tok_s;
}

}  // namespace

void AnswerCost::add(const ExpertCounters& before, const ExpertCounters& now, double pass_s, size_t among, size_t index) {
  for (uint64_t ExpertCounters::* each : {&ExpertCounters::hits, &ExpertCounters::misses, &ExpertCounters::foreseen, &ExpertCounters::bytes_touched,
                                          &ExpertCounters::bytes_needed, &ExpertCounters::bytes_read, &ExpertCounters::speculative_reads}) {
    experts.*each += share(before.*each, now.*each, among, index);
  }
  const auto n = static_cast<double>(among);
  experts.stall_s += (now.stall_s - before.stall_s) / n;
  experts.reading_s += (now.reading_s - before.reading_s) / n;
  seconds += pass_s / n;
  passes += 1 / n;
}

PhaseTimes since(const PhaseTimes& now, const PhaseTimes& then) {
  PhaseTimes out = now;
  out.add(then, -1);
  return out;
}

void fill_stats(Stats& stats, const Session::Parts& s, const AnswerCost& prompt, const AnswerCost& decode, const DraftCounters& drafts, bool alone) {
  const Engine::Parts& e = s.engine;
  const ExpertCounters &p = prompt.experts, &d = decode.experts;
  stats.hits = p.hits + d.hits;
  stats.misses = p.misses + p.foreseen + d.misses + d.foreseen;
  stats.bytes_read = p.bytes_read + d.bytes_read;
  stats.prompt_bytes_read = p.bytes_read;
  stats.prompt_bytes_touched = p.bytes_touched;
  stats.prompt_phases = prompt.phases;
  stats.decode_phases = decode.phases;
  stats.decode_passes = drafts.passes;
  stats.drafted = drafts.drafted;
  stats.draft_accepted = drafts.accepted;
  if (stats.decode_tokens > 0) fill_decode(stats, s, decode, alone);
  stats.peak_rss_bytes = peak_rss();
  stats.k = e.plan.top_k;
  stats.threads = e.threads->size();
  stats.activations = e.options.activations;
  stats.isa = e.kernels->name;
  stats.kv = e.info.kv;
  stats.io = e.io_name;
  stats.policy = e.options.policy.empty() ? cache::policies().front().name : e.options.policy;
  stats.speculate = e.options.speculate;
  stats.routes = e.routes != nullptr ? e.routes->title() : "own";
}

}  // namespace sluice::runtime

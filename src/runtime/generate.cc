// Prompt in, tokens out: the loop around feed and the sampler, with stop tokens, stop strings and the run's figures.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/machine.h"
#include "runtime/decoder.h"
#include "runtime/sampler.h"
#include "runtime/session_feed.h"
#include "runtime/stop_text.h"
#include "text/detokenizer.h"

namespace sluice::runtime {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

// Ids the head has rows for but that stand for no token.
std::vector<bool> real_tokens(const Engine::Parts& e) {
  if (e.vocabulary.tokenizer == nullptr) return {};
  std::vector<bool> real(static_cast<size_t>(e.plan.vocab));
  for (int32_t id = 0; id < e.plan.vocab; ++id) real[static_cast<size_t>(id)] = !e.vocabulary.tokenizer->bytes(id).empty();
  return real;
}

// Turns tokens into the text the caller sees: whole characters, nothing of a stop string, which may span tokens.
class Output {
 public:
  Output(const Engine::Parts& e, const GenerateOptions& o) : stop_(o.stop) {
    if (e.vocabulary.tokenizer != nullptr) {
      detokenizer_.emplace(*e.vocabulary.tokenizer, text::Detokenizer::Options{.skip_special = o.skip_special_tokens});
    }
  }
  std::string push(int32_t token) { return detokenizer_ ? stop_.push(detokenizer_->push(token)) : std::string(); }
  std::string finish() { return detokenizer_ ? stop_.push(detokenizer_->finish()) + stop_.finish() : std::string(); }
  bool stopped() const { return stop_.stopped(); }

 private:
  std::optional<text::Detokenizer> detokenizer_;
  StopText stop_;
};

// Where the counters of engine and session stand.
struct Mark {
  ExpertCounters experts;
  PhaseTimes phases;
};

PhaseTimes since(const PhaseTimes& now, const PhaseTimes& then) {
  return {now.attention - then.attention, now.delta_net - then.delta_net, now.router - then.router, now.shared - then.shared,
          now.experts - then.experts,     now.io_wait - then.io_wait,     now.lookahead - then.lookahead,
          now.head - then.head,           now.drafts - then.drafts,   now.other - then.other};
}

void fill_decode_stats(Stats& stats, const Session::Parts& s, const ExpertCounters& then) {
  const Engine::Parts& e = s.engine;
  const ExpertCounters& now = e.experts->counters();
  const auto tokens = static_cast<double>(stats.decode_tokens);
  const auto read = static_cast<double>(now.bytes_read - then.bytes_read);
  const double hits = static_cast<double>(now.hits - then.hits);
  const double uses = hits + static_cast<double>(now.misses - then.misses + now.foreseen - then.foreseen);
  const double busy = now.reading_s - then.reading_s;
  stats.expert_bytes_per_token = static_cast<double>(now.bytes_touched - then.bytes_touched) / tokens;
  stats.ssd_bytes_per_token = read / tokens;
  stats.hit_rate = uses > 0 ? hits / uses : 0;
  stats.stall_share = stats.decode_s > 0 ? (now.stall_s - then.stall_s) / stats.decode_s : 0;
  stats.ssd_gb_s = busy > 0 ? read / busy / 1e9 : 0;
  stats.speculative_reads = now.speculative_reads - then.speculative_reads;
  stats.speculative_used = now.foreseen - then.foreseen;
  // A pass that takes several tokens in moves trunk and state once for all of them.
  const double passes = static_cast<double>(stats.decode_passes) / tokens;
  stats.trunk_bytes_per_token = passes * e.token_bytes.trunk;
  const double positions = static_cast<double>(s.state.position) - tokens / 2;
  stats.state_bytes_per_token = passes * (e.token_bytes.recurrent + e.token_bytes.kv_row * positions);
  const Moved moved{stats.expert_bytes_per_token, static_cast<double>(now.bytes_needed - then.bytes_needed) / tokens,
                    stats.trunk_bytes_per_token, stats.state_bytes_per_token};
  stats.limit_tok_s = limit_tok_s(moved, {e.options.ssd_gb_s, e.options.ram_gb_s});
  if (stats.limit_tok_s) stats.share_of_limit = stats.decode_tok_s() / *stats.limit_tok_s;
}

void fill_stats(Stats& stats, const Session::Parts& s, const Mark& start, const Mark& decode) {
  const Engine::Parts& e = s.engine;
  const ExpertCounters& now = e.experts->counters();
  stats.hits = now.hits - start.experts.hits;
  stats.misses = now.misses + now.foreseen - start.experts.misses - start.experts.foreseen;
  stats.bytes_read = now.bytes_read - start.experts.bytes_read;
  stats.prompt_bytes_read = decode.experts.bytes_read - start.experts.bytes_read;
  stats.prompt_bytes_touched = decode.experts.bytes_touched - start.experts.bytes_touched;
  stats.prompt_phases = since(decode.phases, start.phases);
  stats.decode_phases = since(s.phases, decode.phases);
  if (stats.decode_tokens > 0) fill_decode_stats(stats, s, decode.experts);
  stats.peak_rss_bytes = peak_rss();
  stats.k = e.plan.top_k;
  stats.threads = e.threads->size();
  stats.isa = e.kernels->name;
  stats.io = e.io_name;
  stats.policy = e.options.policy.empty() ? cache::policies().front().name : e.options.policy;
  stats.speculate = e.options.speculate;
  stats.routes = e.routes != nullptr ? e.routes->title() : "own";
}

class Run {
 public:
  Run(Session::Parts& session, const GenerateOptions& options, const TokenSink& sink)
      : s_(session), o_(options), sink_(sink), output_(session.engine, options), start_(mark()) {}

  Result<Generation> go(std::span<const int32_t> prompt) {
    SLUICE_TRY(Sampler sampler, Sampler::make(o_.sampling, s_.engine.plan.vocab, real_tokens(s_.engine)));
    if (o_.max_tokens < 0) return Error{Code::invalid, fmt::format("max tokens {}: must not be negative", o_.max_tokens)};
    if (prompt.empty() && !s_.has_logits && !s_.pending) return Error{Code::invalid, "empty prompt: there is nothing to continue"};
    const auto from = Clock::now();
    const int64_t before = s_.state.position;
    Status fed = feed(s_, prompt, {}, {o_.cancel, &o_.prompt_progress});
    if (!fed.ok() && fed.error().code != Code::cancelled) return std::move(fed).error();
    out_.stats.prompt_tokens = s_.state.position - before;
    out_.stats.prompt_s = seconds_since(from);
    decode_start_ = mark();
    decode_from_ = Clock::now();
    out_.finish = Finish::cancelled;
    if (fed.ok()) {
      for (int32_t token : prompt) sampler.saw_prompt(token);
      SLUICE_TRY_VOID(decode(sampler));
    }
    const std::string rest = output_.finish();
    out_.text += rest;
    if (sink_ && !rest.empty()) sink_(-1, rest);
    fill_stats(out_.stats, s_, start_, decode_start_);
    // A help for the next start: that it cannot be kept is no reason to withhold an answer.
    if (s_.engine.uses != nullptr) static_cast<void>(s_.engine.uses->write(s_.engine.options.use_counts).ok());
    if (s_.engine.recorder != nullptr) SLUICE_TRY_VOID(s_.engine.recorder->write());
    return std::move(out_);
  }

 private:
  // Every token but the first costs one pass; the first one's logits came with the prompt.
  Status decode(Sampler& sampler) {
    Decoder decoder(s_);
    std::span<float> logits = s_.logits;
    for (int64_t n = 0;; ++n) {
      out_.finish = Finish::length;
      if (n == o_.max_tokens) break;
      if (o_.cancel != nullptr && o_.cancel->load(std::memory_order_relaxed)) {
        out_.finish = Finish::cancelled;
        break;
      }
      SLUICE_TRY(const int32_t token, sampler.next(logits));
      out_.tokens.push_back(token);
      s_.pending = token;
      if (const bool end = is_stop(token); end && !o_.ignore_eos) {
        if (sink_) sink_(token, {});
        out_.finish = Finish::stop_token;
        break;
      }
      const std::string text = output_.push(token);
      out_.text += text;
      if (sink_) sink_(token, text);
      if (output_.stopped()) {
        out_.finish = Finish::stop_string;
        break;
      }
      if (n + 1 == o_.max_tokens) continue;  // nobody will look at this token's logits
      if (s_.state.position == s_.state.capacity) {
        out_.finish = Finish::context_full;
        break;
      }
      const auto token_from = Clock::now();
      const ExpertCounters before = s_.engine.experts->counters();
      const int64_t passes = decoder.counters().passes;
      SLUICE_TRY(logits, decoder.next(o_.max_tokens - n - 2));
      if (s_.engine.keeper && decoder.counters().passes > passes) s_.engine.keeper->token(seconds_since(token_from), before, s_.engine.experts->counters());
      ++out_.stats.decode_tokens;
      out_.stats.decode_s = seconds_since(decode_from_);
      count_drafts(decoder.counters());
    }
    return {};
  }

  void count_drafts(const DraftCounters& c) {
    out_.stats.decode_passes = c.passes;
    out_.stats.drafted = c.drafted;
    out_.stats.draft_accepted = c.accepted;
  }

  Mark mark() const { return {s_.engine.experts->counters(), s_.phases}; }

  bool is_stop(int32_t token) const {
    const auto& stops = s_.engine.vocabulary.stop_tokens;
    return std::find(stops.begin(), stops.end(), token) != stops.end();
  }

  Session::Parts& s_;
  const GenerateOptions& o_;
  const TokenSink& sink_;
  Output output_;
  Generation out_;
  Mark start_, decode_start_;
  Clock::time_point decode_from_;
};

}  // namespace

Result<Generation> generate(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TokenSink& sink) {
  return Run(session, options, sink).go(prompt);
}

}  // namespace sluice::runtime

// Prompt in, tokens out: the loop around feed and the sampler, with stop tokens, stop strings and the run's figures.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/machine.h"
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

void fill_stats(Stats& stats, const Engine::Parts& e, const ExpertCounters& start, const ExpertCounters& decode_start) {
  const ExpertCounters& now = e.experts->counters();
  stats.hits = now.hits - start.hits;
  stats.misses = now.misses - start.misses;
  stats.bytes_read = now.bytes_read - start.bytes_read;
  if (stats.decode_tokens > 0) {
    const auto tokens = static_cast<double>(stats.decode_tokens);
    const auto read = static_cast<double>(now.bytes_read - decode_start.bytes_read);
    const double uses = static_cast<double>(now.hits - decode_start.hits + now.misses - decode_start.misses);
    const double stall = now.stall_s - decode_start.stall_s;
    stats.expert_bytes_per_token = static_cast<double>(now.bytes_touched - decode_start.bytes_touched) / tokens;
    stats.ssd_bytes_per_token = read / tokens;
    stats.hit_rate = uses > 0 ? static_cast<double>(now.hits - decode_start.hits) / uses : 0;
    stats.stall_share = stats.decode_s > 0 ? stall / stats.decode_s : 0;
    const double busy = now.reading_s - decode_start.reading_s;
    stats.ssd_gb_s = busy > 0 ? read / busy / 1e9 : 0;
  }
  stats.peak_rss_bytes = peak_rss();
  stats.k = e.plan.top_k;
  stats.threads = e.threads->size();
  stats.isa = e.kernels->name;
  stats.io = e.io_name;
}

class Run {
 public:
  Run(Session::Parts& session, const GenerateOptions& options, const TokenSink& sink)
      : s_(session), o_(options), sink_(sink), output_(session.engine, options), start_(session.engine.experts->counters()) {}

  Result<Generation> go(std::span<const int32_t> prompt) {
    SLUICE_TRY(Sampler sampler, Sampler::make(o_.sampling, s_.engine.plan.vocab, real_tokens(s_.engine)));
    if (o_.max_tokens < 0) return Error{Code::invalid, fmt::format("max tokens {}: must not be negative", o_.max_tokens)};
    if (prompt.empty() && !s_.has_logits && !s_.pending) return Error{Code::invalid, "empty prompt: there is nothing to continue"};
    const auto from = Clock::now();
    const int64_t before = s_.state.position;
    Status fed = feed(s_, prompt, {}, o_.cancel);
    if (!fed.ok() && fed.error().code != Code::cancelled) return std::move(fed).error();
    out_.stats.prompt_tokens = s_.state.position - before;
    out_.stats.prompt_s = seconds_since(from);
    decode_start_ = s_.engine.experts->counters();
    decode_from_ = Clock::now();
    out_.finish = Finish::cancelled;
    if (fed.ok()) {
      for (int32_t token : prompt) sampler.saw_prompt(token);
      SLUICE_TRY_VOID(decode(sampler));
    }
    const std::string rest = output_.finish();
    out_.text += rest;
    if (sink_ && !rest.empty()) sink_(-1, rest);
    fill_stats(out_.stats, s_.engine, start_, decode_start_);
    return std::move(out_);
  }

 private:
  // Every token but the first costs one pass; the first one's logits came with the prompt.
  Status decode(Sampler& sampler) {
    for (int64_t n = 0;; ++n) {
      out_.finish = Finish::length;
      if (n == o_.max_tokens) break;
      if (o_.cancel != nullptr && o_.cancel->load(std::memory_order_relaxed)) {
        out_.finish = Finish::cancelled;
        break;
      }
      SLUICE_TRY(const int32_t token, sampler.next(s_.logits));
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
      SLUICE_TRY_VOID(feed(s_, {}, {}, nullptr));
      ++out_.stats.decode_tokens;
      out_.stats.decode_s = seconds_since(decode_from_);
    }
    return {};
  }

  bool is_stop(int32_t token) const {
    const auto& stops = s_.engine.vocabulary.stop_tokens;
    return std::find(stops.begin(), stops.end(), token) != stops.end();
  }

  Session::Parts& s_;
  const GenerateOptions& o_;
  const TokenSink& sink_;
  Output output_;
  Generation out_;
  ExpertCounters start_, decode_start_;
  Clock::time_point decode_from_;
};

}  // namespace

Result<Generation> generate(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TokenSink& sink) {
  return Run(session, options, sink).go(prompt);
}

}  // namespace sluice::runtime

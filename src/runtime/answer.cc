#include "runtime/answer.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"
#include "runtime/pass.h"

namespace sluice::runtime {
namespace {

// Ids the head has rows for but that stand for no token.
std::vector<bool> real_tokens(const Engine::Parts& e) {
  if (e.vocabulary.tokenizer == nullptr) return {};
  std::vector<bool> real(static_cast<size_t>(e.plan.vocab));
  for (int32_t id = 0; id < e.plan.vocab; ++id) real[static_cast<size_t>(id)] = !e.vocabulary.tokenizer->bytes(id).empty();
  return real;
}

}  // namespace

Answer::Answer(Session::Parts& s, std::span<const int32_t> prompt, const GenerateOptions& options, const TokenSink& sink, const PromptStops* stops)
    : s_(s), prompt_(prompt), o_(options), sink_(sink), stops_(stops), output_(s.engine, options), thinking_(options.thinking), decoder_(s) {}

Status Answer::begin() {
  SLUICE_TRY(sampler_, Sampler::make(o_.sampling, s_.engine.plan.vocab, real_tokens(s_.engine)));
  if (o_.max_tokens < 0) return Error{Code::invalid, fmt::format("max tokens {}: must not be negative", o_.max_tokens)};
  if (o_.constraint != nullptr && o_.ignore_eos) return Error{Code::invalid, "a constrained answer ends where it must: ignore_eos cannot be honoured"};
  if (prompt_.empty() && !s_.has_logits && !s_.pending) return Error{Code::invalid, "empty prompt: there is nothing to continue"};
  SLUICE_TRY_VOID(check_tokens(s_, prompt_));
  resumed_ = prompt_.empty() && s_.pending.has_value();
  from_ = Clock::now();
  start_phases_ = s_.phases;
  out_.stats.prompt_tokens = static_cast<int64_t>(prompt_.size()) + (s_.pending ? 1 : 0);
  progress_ = [this](double share) {
    const double done = static_cast<double>(taken_) + share * static_cast<double>(piece_);
    if (o_.prompt_progress) o_.prompt_progress(done / static_cast<double>(std::max<size_t>(prompt_.size(), 1)));
  };
  if (!reading()) begin_decoding();
  return {};
}

Status Answer::read(int64_t most) {
  const size_t end = stops_ != nullptr && next_stop_ < stops_->at.size() ? stops_->at[next_stop_] : prompt_.size();
  piece_ = std::min(end - taken_, static_cast<size_t>(most));
  const ExpertCounters before = s_.engine.experts->counters();
  const auto from = Clock::now();
  SLUICE_TRY_VOID(feed(s_, prompt_.subspan(taken_, piece_), {}, {o_.cancel, &progress_, taken_ + piece_ == end}));
  prompt_cost_.add(before, s_.engine.experts->counters(), seconds_since(from), 1, 0);
  taken_ += piece_;
  resumed_ = false;
  if (stops_ != nullptr && next_stop_ < stops_->at.size() && taken_ == end) {
    stops_->reached(end);
    ++next_stop_;
  }
  if (!reading()) begin_decoding();
  return {};
}

void Answer::begin_decoding() {
  decoding_ = true;
  out_.stats.prompt_s = seconds_since(from_);
  prompt_cost_.phases = since(s_.phases, start_phases_);
  decode_phases_ = s_.phases;
  decode_from_ = Clock::now();
  for (const int32_t token : stops_ != nullptr ? stops_->known : std::span<const int32_t>()) sampler_->saw_prompt(token);
  for (const int32_t token : prompt_) sampler_->saw_prompt(token);
  logits_ = s_.logits;
}

bool Answer::finish(Finish why) {
  out_.finish = why;
  return false;
}

// Every token but the first costs one pass; the first one's logits came with the prompt.
Result<bool> Answer::choose() {
  if (static_cast<int64_t>(out_.tokens.size()) == o_.max_tokens) return finish(Finish::length);
  if (cancelled()) {
    if (logits_.data() != s_.logits.data()) std::copy(logits_.begin(), logits_.end(), s_.logits.begin());
    return finish(Finish::cancelled);
  }
  SLUICE_TRY(const int32_t token, pick());
  out_.tokens.push_back(token);
  s_.pending = token;
  if (is_stop(token) && !o_.ignore_eos) {
    if (sink_) sink_(token, {});
    return finish(Finish::stop_token);
  }
  const std::string text = output_.push(token);
  out_.text += text;
  if (sink_) sink_(token, text);
  if (output_.stopped()) {
    out_.stop = output_.stop();
    return finish(Finish::stop_string);
  }
  if (static_cast<int64_t>(out_.tokens.size()) == o_.max_tokens) return finish(Finish::length);  // nobody will look at this token's logits
  if (s_.state.position == s_.state.capacity) return finish(Finish::context_full);
  return true;
}

// The sampler's token, or the next one of those that end the thinking by force. With a constraint, only what it allows.
Result<int32_t> Answer::pick() {
  if (o_.chances) chances_.keep(logits_);
  std::optional<int32_t> token = thinking_.forced();
  if (token) {
    sampler_->took(*token);
  } else {
    SLUICE_TRY(const std::span<const uint64_t> mask, allowed(logits_.size(), o_.max_tokens - static_cast<int64_t>(out_.tokens.size())));
    SLUICE_TRY(token, sampler_->next(logits_, mask));
  }
  if (o_.constraint != nullptr) SLUICE_TRY_VOID(o_.constraint->accept(*token));
  thinking_.took(*token);
  if (o_.chances) o_.chances(chances_.of(*token, o_.top_chances));
  return *token;
}

// By token; empty: all are. `left`: tokens the answer may still have.
Result<std::span<const uint64_t>> Answer::allowed(size_t vocab, int64_t left) {
  if (o_.constraint == nullptr || o_.constraint->free()) return std::span<const uint64_t>();
  mask_.resize((vocab + 63) / 64);
  const int64_t room = s_.state.capacity - s_.state.position + 1;
  SLUICE_TRY_VOID(o_.constraint->allowed(mask_, std::min(left, room)));
  return std::span<const uint64_t>(mask_);
}

Status Answer::step() {
  const auto from = Clock::now();
  const ExpertCounters before = s_.engine.experts->counters();
  const int64_t passes = decoder_.counters().passes;
  SLUICE_TRY(logits_, decoder_.next(o_.max_tokens - static_cast<int64_t>(out_.tokens.size()) - 1));
  const double seconds = seconds_since(from);
  if (decoder_.counters().passes > passes) {
    const ExpertCounters& now = s_.engine.experts->counters();
    decode_cost_.add(before, now, seconds, 1, 0);
    if (s_.engine.keeper) s_.engine.keeper->token(seconds, before, now);
  }
  stepped();
  return {};
}

void Answer::stepped() {
  ++out_.stats.decode_tokens;
  out_.stats.decode_s = seconds_since(decode_from_);
}

Result<Generation> Answer::end(Status status) {
  if (!status.ok() && status.error().code != Code::cancelled) return std::move(status).error();
  if (!status.ok()) out_.finish = Finish::cancelled;
  if (!decoding_) {
    out_.stats.prompt_s = seconds_since(from_);
    out_.stats.prompt_tokens = static_cast<int64_t>(taken_);
    prompt_cost_.phases = since(s_.phases, start_phases_);
  } else {
    decode_cost_.phases = since(s_.phases, decode_phases_);
  }
  const std::string rest = output_.finish();
  out_.text += rest;
  if (sink_ && !rest.empty()) sink_(-1, rest);
  fill_stats(out_.stats, s_, prompt_cost_, decode_cost_, decoder_.counters(), alone_);
  // A help for the next start: that it cannot be kept is no reason to withhold an answer.
  if (!s_.engine.options.use_counts.empty()) static_cast<void>(s_.engine.uses->write(s_.engine.options.use_counts).ok());
  if (s_.engine.recorder != nullptr) SLUICE_TRY_VOID(s_.engine.recorder->write());
  return std::move(out_);
}

bool Answer::is_stop(int32_t token) const {
  const auto& stops = s_.engine.vocabulary.stop_tokens;
  return std::find(stops.begin(), stops.end(), token) != stops.end();
}

Result<size_t> step_together(std::span<Answer* const> answers, std::vector<float>& logits) {
  SLUICE_CHECK(!answers.empty() && answers.size() <= size_t{device::kMostParts});
  std::array<Answer*, device::kMostParts> in;
  std::array<Session::Parts*, device::kMostParts> sessions;
  std::array<int32_t, device::kMostParts> tokens;
  size_t count = 0;
  for (Answer* each : answers) {
    if (auto row = each->decoder_.guessed()) {
      each->logits_ = *row;
      each->stepped();
    } else {
      in[count++] = each;
    }
  }
  if (count == 1) SLUICE_TRY_VOID(in[0]->step());
  if (count <= 1) return count;
  Engine::Parts& e = in[0]->s_.engine;
  const auto vocab = static_cast<size_t>(e.plan.vocab);
  logits.resize(std::max(logits.size(), count * vocab));
  for (size_t i = 0; i < count; ++i) {
    sessions[i] = &in[i]->s_;
    tokens[i] = in[i]->decoder_.leave();
  }
  const auto from = std::chrono::steady_clock::now();
  const ExpertCounters before = e.experts->counters();
  SLUICE_TRY_VOID(run_together(std::span(sessions).first(count), std::span(tokens).first(count), logits.data()));
  const double seconds = seconds_since(from);
  if (e.keeper) e.keeper->token(seconds / static_cast<double>(count), before, e.experts->counters());
  for (size_t i = 0; i < count; ++i) {
    Answer& a = *in[i];
    std::copy_n(logits.data() + i * vocab, vocab, a.s_.logits.begin());
    a.logits_ = a.s_.logits;
    a.decode_cost_.add(before, e.experts->counters(), seconds, count, i);
    a.alone_ = false;
    a.stepped();
  }
  return count;
}

}  // namespace sluice::runtime

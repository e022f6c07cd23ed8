#include "sluice/session.h"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/engine_parts.h"
#include "runtime/memory_plan.h"
#include "runtime/pass.h"
#include "runtime/session_feed.h"

namespace sluice {

std::string_view finish_name(Finish finish) {
  switch (finish) {
    case Finish::stop_token: return "stop";
    case Finish::stop_string: return "stop_string";
    case Finish::length: return "length";
    case Finish::context_full: return "context";
    case Finish::cancelled: return "cancelled";
  }
  return "unknown";
}

Session::Session(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Session::~Session() = default;

int64_t Session::position() const { return parts_->state.position + (parts_->pending ? 1 : 0); }
int64_t Session::capacity() const { return parts_->state.capacity; }

void Session::reset() { runtime::reset(*parts_); }

Status Session::feed(std::span<const int32_t> tokens, const LogitsSink& sink) {
  return runtime::feed(*parts_, tokens, sink, {});
}

Result<Generation> Session::generate(std::span<const int32_t> prompt, const GenerateOptions& options, const TokenSink& sink) {
  return runtime::generate(*parts_, prompt, options, sink);
}

namespace runtime {
namespace {

// Tells how much of all tokens is done, a chunk being as far as its layers.
class Progress {
 public:
  Progress(const FeedOptions& options, int32_t layers, size_t total) : sink_(options.progress), layers_(layers), total_(total) {
    if (sink_ != nullptr && *sink_) tell_ = [this](int32_t layer) { tell(layer); };
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void chunk(size_t at, size_t count) { at_ = at, count_ = count; }
  const std::function<void(int32_t)>* layer_done() const { return tell_ ? &tell_ : nullptr; }

 private:
  void tell(int32_t layer) const {
    const double in_chunk = static_cast<double>(layer + 1) / layers_;
    (*sink_)((static_cast<double>(at_) + in_chunk * static_cast<double>(count_)) / static_cast<double>(total_));
  }
  const std::function<void(double)>* sink_;
  const int32_t layers_;
  const size_t total_;
  size_t at_ = 0, count_ = 0;
  std::function<void(int32_t)> tell_;
};

// One chunk; logits of all its tokens when `all`, else of its last into s.logits when `last`.
Status run_one(Session::Parts& s, std::span<const int32_t> tokens, bool last, std::vector<float>* all,
               const std::atomic<bool>* cancel, const Progress& progress) {
  Pass pass{.tokens = tokens, .prompt = tokens.size() > 1, .cancel = cancel, .layer_done = progress.layer_done()};
  if (all != nullptr) {
    all->resize(tokens.size() * static_cast<size_t>(s.engine.plan.vocab));
    pass.logits = all->data();
  } else {
    pass.first_logits = static_cast<int64_t>(tokens.size()) - (last ? 1 : 0);
    pass.logits = s.logits.data();
  }
  return run_pass(s, pass);
}

// Tokens taken at once when every position's logits are wanted: as many as fit what the plan allows for them.
size_t rows_at_once(const Engine::Parts& e) {
  const uint64_t rows = kLogitsBytes / (static_cast<uint64_t>(e.plan.vocab) * sizeof(float));
  return std::clamp<size_t>(rows, 1, static_cast<size_t>(e.memory.chunk));
}

Status feed_all(Session::Parts& s, std::span<const int32_t> tokens, const LogitsSink& sink, const FeedOptions& options) {
  const auto vocab = static_cast<size_t>(s.engine.plan.vocab);
  const size_t chunk = sink ? rows_at_once(s.engine) : static_cast<size_t>(s.engine.memory.chunk);
  std::vector<float> all;
  Progress progress(options, s.engine.plan.layers, tokens.size());
  for (size_t at = 0; at < tokens.size();) {
    const size_t count = std::min(tokens.size() - at, chunk);
    const int64_t position = s.state.position;
    const bool last = at + count == tokens.size() && options.logits;
    progress.chunk(at, count);
    SLUICE_TRY_VOID(run_one(s, tokens.subspan(at, count), last, sink ? &all : nullptr, options.cancel, progress));
    at += count;
    for (size_t t = 0; sink && t < count; ++t) {
      SLUICE_TRY_VOID(sink(position + static_cast<int64_t>(t), std::span(all).subspan(t * vocab, vocab)));
    }
    if (sink && last) std::copy_n(all.end() - static_cast<std::ptrdiff_t>(vocab), vocab, s.logits.begin());
  }
  return {};
}

}  // namespace

Status check_tokens(const Session::Parts& s, std::span<const int32_t> tokens) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= s.engine.plan.vocab) {
      return Error{Code::invalid, fmt::format("token {} at position {}: the model has ids 0 to {}", tokens[i],
                                              s.state.position + static_cast<int64_t>(i), s.engine.plan.vocab - 1)};
    }
  }
  const int64_t room = s.state.capacity - s.state.position - (s.pending ? 1 : 0);
  if (static_cast<int64_t>(tokens.size()) > room) {
    return Error{Code::invalid, fmt::format("{} tokens do not fit: the context holds {} and {} are taken; raise --ctx (this model: at "
                                            "most {})", tokens.size(), s.state.capacity, s.state.position, s.engine.plan.context)};
  }
  if (s.broken) return Error{Code::invalid, "a failed read left this session unusable; reset it or open another"};
  return {};
}

void reset(Session::Parts& s) {
  device::reset(s.engine.plan, s.state);
  s.has_logits = s.broken = false;
  s.pending.reset();
  if (s.drafter != nullptr) s.drafter->reset();
}

Status feed(Session::Parts& s, std::span<const int32_t> tokens, const LogitsSink& sink, const FeedOptions& options) {
  SLUICE_TRY_VOID(check_tokens(s, tokens));
  if (s.pending) {  // the last token generated: chosen, but not yet taken in
    const int32_t pending = *s.pending;
    s.pending.reset();
    SLUICE_TRY_VOID(feed_all(s, {&pending, 1}, {}, {options.cancel, nullptr}));
  }
  SLUICE_TRY_VOID(feed_all(s, tokens, sink, options));
  if (!tokens.empty()) s.has_logits = options.logits;
  return {};
}

}  // namespace runtime
}  // namespace sluice

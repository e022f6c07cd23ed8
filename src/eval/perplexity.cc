#include "eval/perplexity.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

#include "text/tokenizer.h"

namespace sluice::eval {
namespace {

// The sum of the block's scored predictions.
Result<double> score_block(Session& session, std::span<const int32_t> block) {
  session.reset();
  const size_t half = block.size() / 2;
  SLUICE_TRY_VOID(session.feed(block.first(half), {}));
  double sum = 0;
  const LogitsSink add = [&](int64_t position, std::span<const float> logits) -> Status {
    const int32_t next = block[static_cast<size_t>(position) + 1];
    if (static_cast<size_t>(next) >= logits.size())
      return Error{Code::corrupt, "the text has a token that the model has not"};
    const double nll = negative_log_likelihood(logits, next);
    if (!std::isfinite(nll))
      return Error{Code::corrupt, "likelihood at position " + std::to_string(position) + " is not finite"};
    sum += nll;
    return {};
  };
  SLUICE_TRY_VOID(session.feed(block.subspan(half, block.size() - half - 1), add));
  return sum;
}

Status check(const Engine& engine, const Session& session, const PerplexityOptions& options) {
  if (engine.tokenizer() == nullptr)
    return Error{Code::unsupported, "perplexity needs a tokenizer; this model has none"};
  if (options.blocks < 0) return Error{Code::invalid, "blocks must not be negative"};
  if (options.block < 4 || options.block > session.capacity()) {
    return Error{Code::invalid, "blocks of " + std::to_string(options.block) + " tokens: must be 4 to the context's " +
                                    std::to_string(session.capacity())};
  }
  return {};
}

}  // namespace

double Perplexity::value() const {
  return std::exp(mean_nll);
}

double negative_log_likelihood(std::span<const float> logits, int32_t token) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  return most + std::log(sum) - static_cast<double>(logits[static_cast<size_t>(token)]);
}

Result<Perplexity> measure_perplexity(const Engine& engine, Session& session, std::string_view text,
                                      const PerplexityOptions& options, const BlockSink& sink) {
  SLUICE_TRY_VOID(check(engine, session, options));
  SLUICE_TRY(const std::vector<int32_t> tokens, engine.tokenizer()->encode(text, true));
  const auto from = std::chrono::steady_clock::now();
  Perplexity out;
  out.block = options.block;
  out.tokens = static_cast<int64_t>(tokens.size());
  int64_t total = out.tokens / options.block;
  if (options.blocks > 0) total = std::min(total, options.blocks);
  if (total == 0)
    return Error{Code::invalid, "the text has " + std::to_string(out.tokens) + " tokens, less than one block"};
  double sum = 0;
  const auto size = static_cast<size_t>(options.block);
  for (int64_t block = 0; block < total; ++block) {
    auto score = score_block(session, std::span(tokens).subspan(static_cast<size_t>(block) * size, size));
    if (!score.ok()) return std::move(score).error().within("block " + std::to_string(block));
    sum += *score;
    ++out.blocks;
    out.scored += options.block - options.block / 2 - 1;
    out.mean_nll = sum / static_cast<double>(out.scored);
    out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    if (sink) sink(out, total);
  }
  return out;
}

}  // namespace sluice::eval

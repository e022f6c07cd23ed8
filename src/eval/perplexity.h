// Perplexity of a text, as the exponential of the mean negative log-likelihood in nats.
//
// The convention is llama.cpp's (its `perplexity` tool without a beginning-of-text token), so figures compare: the
// whole file is tokenised at once with special tokens parsed and cut into blocks of `block` tokens, a shorter last one
// dropped. Each block starts from a fresh state. Of the predictions in it, those made at positions block/2 .. block-2
// count (of tokens block/2+1 .. block-1): 255 for 512, so that every scored token has at least half a block of context.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "sluice/session.h"

namespace sluice::eval {

struct PerplexityOptions {
  int64_t block = 512;  // tokens; at least 4, and no more than the session's capacity
  int64_t blocks = 0;   // only the first N; 0: all
};

struct Perplexity {
  int64_t tokens = 0;   // in the text
  int64_t block = 0;    // tokens of one
  int64_t blocks = 0;   // done
  int64_t scored = 0;   // predictions
  double mean_nll = 0;  // nats per prediction
  double seconds = 0;
  double value() const;  // exp(mean_nll)
};

// Called after each block with the figure so far.
using BlockSink = std::function<void(const Perplexity& so_far, int64_t total_blocks)>;

// -log softmax(logits)[token], in double with the maximum taken out. REQUIRES: 0 <= token < logits.size().
double negative_log_likelihood(std::span<const float> logits, int32_t token);

// Resets the session. Errors: unsupported (no tokenizer), invalid (a text shorter than one block, an option out of
// range), those of feeding, corrupt (a likelihood that is not a number).
Result<Perplexity> measure_perplexity(const Engine& engine, Session& session, std::string_view text,
                                      const PerplexityOptions& options, const BlockSink& sink);

}  // namespace sluice::eval

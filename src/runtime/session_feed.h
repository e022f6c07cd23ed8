// What a session does, on its parts.
#pragma once

#include "runtime/engine_parts.h"

namespace sluice::runtime {

struct FeedOptions {
  const std::atomic<bool>* cancel = nullptr;                    // looked at between steps; a cancelled session must be reset
  const std::function<void(double share)>* progress = nullptr;  // told after every layer, from 0 to 1
  bool logits = true;                                           // behind the last token
};

// As Session::reset.
void reset(Session::Parts& session);

// Whether they are ids of the model and fit. Errors: invalid.
Status check_tokens(const Session::Parts& session, std::span<const int32_t> tokens);

// As Session::feed.
Status feed(Session::Parts& session, std::span<const int32_t> tokens, const LogitsSink& sink, const FeedOptions& options);

// Places in a prompt where somebody wants to look at the session: it is clean then, and holds exactly what was taken in.
struct PromptStops {
  std::span<const int32_t> known;                // tokens of the conversation that the session holds already
  std::span<const size_t> at;                    // tokens of the prompt taken in; ascending
  std::function<void(size_t taken)> reached;     // on the way, at each of them
};

// As Session::generate. `stops` may be null.
Result<Generation> generate(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TokenSink& sink, const PromptStops* stops = nullptr);

}  // namespace sluice::runtime

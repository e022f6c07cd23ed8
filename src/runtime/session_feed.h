// The two things a session does, on its parts.
#pragma once

#include "runtime/engine_parts.h"

namespace sluice::runtime {

struct FeedOptions {
  const std::atomic<bool>* cancel = nullptr;                    // looked at between steps; a cancelled session must be reset
  const std::function<void(double share)>* progress = nullptr;  // told after every layer, from 0 to 1
};

// As Session::feed.
Status feed(Session::Parts& session, std::span<const int32_t> tokens, const LogitsSink& sink, const FeedOptions& options);

// As Session::generate.
Result<Generation> generate(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TokenSink& sink);

}  // namespace sluice::runtime

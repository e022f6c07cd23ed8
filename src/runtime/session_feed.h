// The two things a session does, on its parts.
#pragma once

#include "runtime/engine_parts.h"

namespace sluice::runtime {

// As Session::feed. `cancel` (may be null) is looked at between steps; a cancelled session must be reset.
Status feed(Session::Parts& session, std::span<const int32_t> tokens, const LogitsSink& sink, const std::atomic<bool>* cancel);

// As Session::generate.
Result<Generation> generate(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TokenSink& sink);

}  // namespace sluice::runtime

// From a request to what the engine takes: the conversation as tokens, and how to go on from there.
#pragma once

#include <cstdint>
#include <vector>

#include "serve/requests/generation_request.h"
#include "serve/service.h"

namespace sluice::serve {

struct Prepared {
  std::vector<int32_t> prompt;
  GenerateOptions options;    // without cancel and chances
  bool in_reasoning = false;  // the answer begins inside <think>
  bool calls = false;         // tool calls are looked for in it
};

// Any number of threads. Errors: not_found (another model), unsupported (what the model or this server cannot do),
// invalid (what the template refuses, too long).
Result<Prepared> prepare(const Service& service, const GenerationRequest& request);

}  // namespace sluice::serve

// The body of /v1/completions.
#pragma once

#include "serve/requests/generation_request.h"
#include "sluice/status.h"

namespace sluice::serve {

// Errors: invalid, unsupported, both naming the field.
Result<GenerationRequest> parse_openai_completions(std::string_view body);

}  // namespace sluice::serve

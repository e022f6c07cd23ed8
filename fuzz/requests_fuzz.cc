// Any bytes as the body of a request, in each interface's form: understood or refused in one line. The first byte chooses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "serve/requests/anthropic_request.h"
#include "serve/requests/openai_chat_request.h"
#include "serve/requests/openai_completions_request.h"
#include "serve/requests/responses_request.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using sluice::serve::GenerationRequest;
  using Parse = sluice::Result<GenerationRequest> (*)(std::string_view);
  constexpr Parse kParsers[] = {sluice::serve::parse_openai_chat, sluice::serve::parse_openai_completions,
                                sluice::serve::parse_responses, sluice::serve::parse_anthropic};
  if (size == 0) return 0;
  const auto request = kParsers[data[0] % 4]({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (request.ok()) return 0;
  const std::string& message = request.error().message;
  sluice::fuzz::require(!message.empty() && message.find('\n') == std::string::npos);
  return 0;
}

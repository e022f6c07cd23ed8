#include "hub/denied.h"

#include <fmt/format.h>

namespace sluice::hub {

bool is_denied(const Reply& reply) {
  return reply.status == 401 || reply.status == 403 || reply.status == 404;
}

Error denied(const Access& access, const std::string& what, const Reply& reply) {
  const char* meaning =
      "the token in HF_TOKEN may not read it; a gated repository asks you to accept its terms on its page first";
  if (reply.status == 404) {
    meaning = "no such repository, revision or file";
  } else if (access.token.empty()) {
    meaning = "no such repository, or a private one: put a token that may read it into HF_TOKEN";
  }
  return {Code::not_found, fmt::format("{}: {} {}: {}", what, access.endpoint, reply.problem, meaning)};
}

}  // namespace sluice::hub

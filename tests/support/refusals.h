// For tests of the parsers of requests: bodies that are refused, and with which words.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "serve/requests/generation_request.h"
#include "sluice/status.h"

namespace sluice::test {

using ParseRequest = Result<serve::GenerationRequest> (*)(std::string_view body);

// `object` with further fields: with(R"({"a": 1})", R"("b": 2)").
inline std::string with(std::string_view object, std::string_view fields) {
  return std::string(object.substr(0, object.rfind('}'))) + ", " + std::string(fields) + "}";
}

struct Refusal {
  std::string body;
  std::string begins;  // the message: first the field, then why
  Code code = Code::invalid;
};

inline void expect_refused(ParseRequest parse, const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const auto request = parse(refusal.body);
    ASSERT_FALSE(request.ok()) << refusal.body;
    const std::string& message = request.error().message;
    EXPECT_EQ(message.substr(0, refusal.begins.size()), refusal.begins) << refusal.body;
    EXPECT_EQ(code_name(request.error().code), code_name(refusal.code)) << refusal.body << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

inline serve::GenerationRequest must_parse(ParseRequest parse, std::string_view body) {
  auto request = parse(body);
  if (!request.ok()) ADD_FAILURE() << body << ": " << request.error().message;
  return request.ok() ? std::move(request).value() : serve::GenerationRequest();
}

}  // namespace sluice::test

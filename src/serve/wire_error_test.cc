#include "serve/wire_error.h"

#include <gtest/gtest.h>

namespace sluice::serve {
namespace {

std::string openai(const Error& error) { return error_json(Dialect::openai, http_error(error)); }

TEST(WireError, OpenaisShapeNamesTheField) {
  EXPECT_EQ(openai({Code::unsupported, "tools[0].type: only \"function\" works"}),
            R"({"error": {"message": "tools[0].type: only \"function\" works", "type": "invalid_request_error", "param": "tools[0].type", "code": "unsupported"}})");
  EXPECT_EQ(openai({Code::invalid, "the body must be a JSON object"}),
            R"({"error": {"message": "the body must be a JSON object", "type": "invalid_request_error", "param": null, "code": null}})");
  EXPECT_EQ(openai({Code::over_budget, "busy"}), R"({"error": {"message": "busy", "type": "rate_limit_exceeded", "param": null, "code": "queue_full"}})");
}

TEST(WireError, AnthropicsShape) {
  auto type_of = [](int status) { return error_json(Dialect::anthropic, {status, "m"}); };
  for (const auto& [status, type] : {std::pair{400, "invalid_request_error"}, {401, "authentication_error"}, {403, "permission_error"}, {404, "not_found_error"},
                                     {413, "request_too_large"}, {429, "rate_limit_error"}, {500, "api_error"}, {503, "overloaded_error"}}) {
    EXPECT_EQ(type_of(status), std::string(R"({"type": "error", "error": {"type": ")") + type + R"(", "message": "m"}})");
  }
}

TEST(WireError, EveryCodeHasAStatus) {
  for (const auto& [code, status] : {std::pair{Code::invalid, 400}, {Code::corrupt, 400}, {Code::unsupported, 400}, {Code::not_found, 404},
                                     {Code::over_budget, 429}, {Code::cancelled, 503}, {Code::io, 500}}) {
    EXPECT_EQ(http_error({code, "m"}).status, status) << code_name(code);
  }
}

TEST(WireError, MessagesStayJson) {
  const HttpResponse response = wire_error(Dialect::openai, {400, "a\"b\n\x1b\\"});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.type, "application/json");
  EXPECT_EQ(response.body, R"({"error": {"message": "a\"b\n\u001b\\", "type": "invalid_request_error", "param": null, "code": null}})");
}

}  // namespace
}  // namespace sluice::serve

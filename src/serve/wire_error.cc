#include "serve/wire_error.h"

#include "text/value.h"

namespace sluice::serve {
namespace {

using text::Value;

std::string_view type_of(Dialect dialect, int status) {
  const bool anthropic = dialect == Dialect::anthropic;
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return anthropic ? "not_found_error" : "invalid_request_error";
    case 413: return anthropic ? "request_too_large" : "invalid_request_error";
    case 429: return anthropic ? "rate_limit_error" : "rate_limit_exceeded";
    case 503: return anthropic ? "overloaded_error" : "server_error";
    default: return status < 500 ? "invalid_request_error" : anthropic ? "api_error" : "server_error";
  }
}

// The field at the beginning of a message.
std::string_view param_of(std::string_view message) {
  const std::string_view name = message.substr(0, message.find(": "));
  const bool field = name.size() < message.size() &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.[]") == name.npos;
  return field ? name : std::string_view();
}

}  // namespace

HttpError http_error(const Error& error) {
  switch (error.code) {
    case Code::invalid:
    case Code::corrupt:
    case Code::unsupported: return {400, error.message, error.code == Code::unsupported ? "unsupported" : ""};
    case Code::not_found: return {404, error.message, "model_not_found"};
    case Code::over_budget: return {429, error.message, "queue_full"};
    case Code::cancelled: return {503, error.message};
    case Code::io: break;
  }
  return {500, error.message};
}

std::string error_json(Dialect dialect, const HttpError& error) {
  const Value type = Value::string(type_of(dialect, error.status));
  if (dialect == Dialect::anthropic) {
    return text::to_json(Value::map({{"type", Value::string("error")},
                                     {"error", Value::map({{"type", type}, {"message", Value::string(error.message)}})}}));
  }
  const std::string_view param = param_of(error.message);
  return text::to_json(Value::map({{"error", Value::map({{"message", Value::string(error.message)},
                                                         {"type", type},
                                                         {"param", param.empty() ? Value() : Value::string(param)},
                                                         {"code", error.code.empty() ? Value() : Value::string(error.code)}})}}));
}

HttpResponse wire_error(Dialect dialect, const HttpError& error) {
  return {error.status, "application/json", error_json(dialect, error)};
}

}  // namespace sluice::serve

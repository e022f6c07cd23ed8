#include "serve/guard.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "serve/routes.h"
#include "serve/wire_error.h"

namespace sluice::serve {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Either client's habit: "Authorization: Bearer KEY" or "x-api-key: KEY".
std::string_view given_key(const RequestHead& head) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view authorization = head.authorization;
  if (authorization.size() > kBearer.size() && same_word(authorization.substr(0, kBearer.size()), kBearer)) {
    return authorization.substr(kBearer.size());
  }
  return head.x_api_key;
}

bool is_json(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return same_word(type, "application/json");
}

std::optional<HttpResponse> refuse_body(const RequestHead& head, const GuardOptions& options, Dialect dialect) {
  if (!is_json(head.content_type)) {
    return wire_error(dialect, {415, "the body must be JSON: send Content-Type: application/json"});
  }
  if (!head.content_encoding.empty() && !same_word(head.content_encoding, "identity")) {
    return wire_error(dialect, {415, "a compressed body is not read; send it as it is"});
  }
  uint64_t length = 0;
  const std::string& text = head.content_length;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (!text.empty() && (error != std::errc() || end != text.data() + text.size())) return wire_error(dialect, {400, "Content-Length is no number"});
  if (length > options.max_body) return wire_error(dialect, {413, fmt::format("the body has {} bytes; at most {} are read", length, options.max_body)});
  return std::nullopt;
}

HttpResponse preflight(const RequestHead& head, const GuardOptions& options, const std::string& methods) {
  HttpResponse out{204, "", "", cors_headers(head.origin, options)};
  out.headers.emplace_back("Allow", methods + ", OPTIONS");
  return out;
}

}  // namespace

bool equal_in_constant_time(std::string_view secret, std::string_view given) {
  volatile unsigned char different = secret.size() == given.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char mine = secret.empty() ? '\0' : secret[i % secret.size()];
    different = static_cast<unsigned char>(different | (static_cast<unsigned char>(mine) ^ static_cast<unsigned char>(given[i])));
  }
  return different == 0;
}

bool is_loopback_name(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return host.substr(0, end == host.npos ? end : end + 1) == "[::1]";
  }
  if (host == "::1") return true;
  const std::string_view name = host.substr(0, host.find(':'));
  if (same_word(name, "localhost")) return true;
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos;
}

std::vector<std::pair<std::string, std::string>> cors_headers(std::string_view origin, const GuardOptions& options) {
  if (origin.empty()) return {};
  const bool all = std::find(options.origins.begin(), options.origins.end(), "*") != options.origins.end();
  if (!all && std::find(options.origins.begin(), options.origins.end(), origin) == options.origins.end()) return {};
  return {{"Access-Control-Allow-Origin", all ? "*" : std::string(origin)},
          {"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
          {"Access-Control-Allow-Headers", "Authorization, Content-Type, x-api-key, anthropic-version, anthropic-beta"},
          {"Vary", "Origin"}};
}

std::optional<HttpResponse> refuse(const RequestHead& head, const GuardOptions& options) {
  // A page elsewhere may point its own name at this machine; the browser then sends that name.
  if (options.loopback && !head.host.empty() && !is_loopback_name(head.host)) {
    return wire_error(Dialect::openai, {403, "this server answers to localhost only; to be reached under another name it must be started with --host"});
  }
  const Route* route = find_route(head.method == "HEAD" ? "GET" : head.method, head.path);
  const std::string methods = methods_of(head.path);
  if (methods.empty()) return wire_error(Dialect::openai, {404, "there is no " + head.path.substr(0, 200) + " here; docs/serve.md lists what there is"});
  if (head.method == "OPTIONS") return preflight(head, options, methods);
  if (route == nullptr) {
    HttpResponse out = wire_error(Dialect::openai, {405, fmt::format("{} takes {}", head.path, methods)});
    out.headers.emplace_back("Allow", methods + ", OPTIONS");
    return out;
  }
  if (!options.api_key.empty() && !route->open && !equal_in_constant_time(options.api_key, given_key(head))) {
    HttpResponse out = wire_error(route->dialect, {401, "the API key is missing or wrong"});
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
    return out;
  }
  if (head.method == "POST") return refuse_body(head, options, route->dialect);
  return std::nullopt;
}

}  // namespace sluice::serve

#include "serve/routes.h"

#include <vector>

#include "serve/page.h"

namespace sluice::serve {
namespace {

constexpr Route kRoutes[] = {
    {"POST", "/v1/chat/completions", Dialect::openai, false, openai_chat},
    {"POST", "/v1/completions", Dialect::openai, false, openai_completions},
    {"POST", "/v1/responses", Dialect::openai, false, responses},
    {"POST", "/v1/messages", Dialect::anthropic, false, anthropic_messages},
    {"GET", "/v1/models", Dialect::openai, false, list_models},
    {"GET", "/health", Dialect::openai, true, health},
    {"GET", "/metrics", Dialect::openai, false, metrics},
    {"GET", "/live", Dialect::openai, false, live},
    {"GET", "/live/experts", Dialect::openai, false, live_experts},
};

std::vector<Route> with_page() {
  std::vector<Route> all(std::begin(kRoutes), std::end(kRoutes));
  for (const Asset& asset : assets()) all.push_back({"GET", asset.path, Dialect::openai, true, page});
  return all;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> all = with_page();
  return all;
}

const Route* find_route(std::string_view method, std::string_view path) {
  for (const Route& route : routes()) {
    if (route.method == method && route.path == path) return &route;
  }
  return nullptr;
}

std::string methods_of(std::string_view path) {
  std::string out;
  for (const Route& route : routes()) {
    if (route.path != path) continue;
    if (!out.empty()) out += ", ";
    out += route.method;
    if (route.method == "GET") out += ", HEAD";
  }
  return out;
}

}  // namespace sluice::serve

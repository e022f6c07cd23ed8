// The table of routes: a new one is a row here, and the tests that enumerate it find it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "serve/http.h"
#include "serve/service.h"
#include "serve/wire_error.h"

namespace sluice::serve {

struct Route {
  std::string_view method, path;
  Dialect dialect;
  bool open;  // needs no key
  HttpResponse (*answer)(Service& service, const HttpRequest& request, Peer& peer);
};

std::span<const Route> routes();  // the files of the page among them
const Route* find_route(std::string_view method, std::string_view path);  // null: none
std::string methods_of(std::string_view path);                            // "GET, HEAD"; empty: no such path

// openai_chat.cc, openai_completions.cc, responses.cc, anthropic_messages.cc, about.cc
HttpResponse openai_chat(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse openai_completions(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse responses(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse anthropic_messages(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse list_models(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse health(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse metrics(Service& service, const HttpRequest& request, Peer& peer);
// live.cc
HttpResponse live(Service& service, const HttpRequest& request, Peer& peer);
HttpResponse live_experts(Service& service, const HttpRequest& request, Peer& peer);
// page.cc
HttpResponse page(Service& service, const HttpRequest& request, Peer& peer);

}  // namespace sluice::serve

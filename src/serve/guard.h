// Who may ask at all: decided from a request's head, before its body is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace sluice::serve {

struct GuardOptions {
  bool loopback = true;             // bound to this machine only: names that point elsewhere are refused (DNS rebinding)
  std::string api_key;              // empty: everybody may ask
  std::vector<std::string> origins; // pages that may read answers; "*": all
  uint64_t max_body = 0;
};

// Header values are empty where the header is absent.
struct RequestHead {
  std::string method, path;
  std::string host, origin, authorization, x_api_key, content_type, content_encoding, content_length;
};

// What the client is told instead of an answer; nothing: go on. `path_known`, `allowed`: the methods that the path has.
std::optional<HttpResponse> refuse(const RequestHead& head, const GuardOptions& options);

// Headers that let a page of the request's origin read the answer; none where it may not.
std::vector<std::pair<std::string, std::string>> cors_headers(std::string_view origin, const GuardOptions& options);

// Takes as long whatever is equal and whatever is not.
bool equal_in_constant_time(std::string_view secret, std::string_view given);

// 127.0.0.1, ::1, localhost, with or without a port.
bool is_loopback_name(std::string_view host);

}  // namespace sluice::serve

// A request and its answer as the routes see them; who carries them is http_server.cc's own business.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/wake.h"

namespace sluice::serve {

struct HttpRequest {
  std::string method, path;  // the path without its query
  std::string body;
  std::string if_none_match = {};  // tags of what the client has already
};

enum class Waited { woken, gone, timeout };

// The client behind a request that is being answered. Used by the thread that answers it.
class Peer {
 public:
  virtual ~Peer() = default;
  // Until the wake rings, the client has gone (which includes that it closed its sending half, and that the server
  // ends), or the time is over.
  virtual Waited wait(const Wake& wake, std::chrono::milliseconds time) = 0;
  // Of a streamed body. False: nobody reads it any more.
  virtual bool write(std::string_view bytes) = 0;
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::function<void(Peer&)> stream = {};  // in place of `body`: writes it piece by piece
};

}  // namespace sluice::serve

// HTTP/1.1 over cpp-httplib, whose sockets, limits and threads are ours: one thread a connection, never more than
// `connections`, every wait bounded.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "serve/guard.h"
#include "serve/service.h"

namespace sluice::serve {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 8080;                // 0: any free one
  GuardOptions guard;             // max_body and loopback are filled in from what stands here
  uint64_t max_body = 8 << 20;    // bytes of one request
  uint64_t max_bodies = 64 << 20; // bytes of all bodies being received or answered
  uint64_t max_head = 32 << 10;   // bytes of a request's first line and headers
  int connections = 128;          // at once; one more is told 503 and closed
  std::chrono::milliseconds head_time{10'000};   // for a whole head to arrive
  std::chrono::milliseconds body_time{60'000};   // for a whole body to arrive
  std::chrono::milliseconds write_time{30'000};  // for a client to take what is written
  std::chrono::milliseconds idle_time{15'000};   // between the requests of a connection
};

class HttpServer {
 public:
  // Errors: io (the address cannot be bound), invalid.
  static Result<std::unique_ptr<HttpServer>> bind(const HttpOptions& options, Service& service);
  ~HttpServer();

  int port() const;
  // Serves until stop(); returns when every connection has ended.
  void run();
  // Thread-safe. Answers under way are cut off.
  void stop();

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::serve

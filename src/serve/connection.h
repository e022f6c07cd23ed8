// The bytes of one client's socket, with a time and a size for everything it may send. Knows nothing of HTTP but where
// its parts begin.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "serve/http.h"

namespace sluice::serve {

struct HttpOptions;

// What all connections share.
struct Shared {
  Wake stopping;                    // rings once, when the server ends
  std::atomic<bool> stopped = false;
  std::atomic<uint64_t> bodies = 0; // bytes of all bodies at hand
};

// One thread. The socket is its owner's.
class Connection : public Peer {
 public:
  Connection(int socket, const HttpOptions& options, Shared& shared);
  ~Connection() override;

  // Waits for the first byte of the next request. False: none came, or the server ends.
  bool next_request();
  // The head was read: a body may follow.
  void begin_body();
  // The request was answered: its body counts no more.
  void end_request();

  // Up to `size` bytes of the request; 0 or less: the client stopped, was too slow, or sent too much.
  ssize_t read(char* bytes, size_t size);
  bool has_input() const { return at_ < end_; }
  bool write(std::string_view bytes) override;
  Waited wait(const Wake& wake, std::chrono::milliseconds time) override;
  bool alive() const;

  int socket() const { return socket_; }
  bool failed() const { return failed_; }  // the next bytes would not be a request
  void fail() { failed_ = true; }

 private:
  using Clock = std::chrono::steady_clock;
  bool fill();

  const int socket_;
  const HttpOptions& options_;
  Shared& shared_;
  char buffer_[16384];
  size_t at_ = 0, end_ = 0;
  bool in_body_ = false, failed_ = false;
  uint64_t taken_ = 0;  // bytes of this head or body
  Clock::time_point deadline_;
};

}  // namespace sluice::serve

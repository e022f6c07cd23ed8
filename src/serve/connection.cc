#include "serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "serve/http_server.h"

#ifndef POLLRDHUP  // only Linux tells it apart
#define POLLRDHUP 0
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

namespace sluice::serve {
namespace {

using std::chrono::milliseconds;

// As poll, with a time that stays the same over interruptions. Below 0: an error.
int poll_until(pollfd* sockets, nfds_t count, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now()).count();
    const int ready = ::poll(sockets, count, static_cast<int>(std::clamp<int64_t>(left + 1, 0, 3'600'000)));
    if (ready > 0 || (ready == 0 && left <= 0)) return ready;
    if (ready < 0 && errno != EINTR) return ready;
  }
}

}  // namespace

Connection::Connection(int socket, const HttpOptions& options, Shared& shared)
    : socket_(socket), options_(options), shared_(shared), deadline_(Clock::now()) {}

Connection::~Connection() { end_request(); }

bool Connection::next_request() {
  taken_ = 0;
  in_body_ = false;
  if (shared_.stopped.load()) return false;
  if (!has_input()) {
    pollfd sockets[] = {{socket_, POLLIN, 0}, {shared_.stopping.descriptor(), POLLIN, 0}};
    if (poll_until(sockets, 2, Clock::now() + options_.idle_time) <= 0 || sockets[1].revents != 0) return false;
  }
  deadline_ = Clock::now() + options_.head_time;
  return true;
}

void Connection::begin_body() {
  in_body_ = true;
  taken_ = 0;
  deadline_ = Clock::now() + options_.body_time;
}

void Connection::end_request() {
  if (in_body_) shared_.bodies -= taken_;
  in_body_ = false;
  taken_ = 0;
}

bool Connection::fill() {
  pollfd sockets[] = {{socket_, POLLIN, 0}, {shared_.stopping.descriptor(), POLLIN, 0}};
  if (poll_until(sockets, 2, deadline_) <= 0 || sockets[1].revents != 0) return false;
  const ssize_t got = ::recv(socket_, buffer_, sizeof buffer_, 0);
  if (got <= 0) return false;
  at_ = 0;
  end_ = static_cast<size_t>(got);
  return true;
}

ssize_t Connection::read(char* bytes, size_t size) {
  // Chunked bodies have marks between their chunks: some room for those.
  const uint64_t most = in_body_ ? options_.max_body + options_.max_body / 8 + 4096 : options_.max_head;
  if (failed_ || taken_ >= most || (in_body_ && shared_.bodies.load() > options_.max_bodies) || (!has_input() && !fill())) {
    failed_ = true;
    return -1;
  }
  const size_t count = std::min(size, end_ - at_);
  std::memcpy(bytes, buffer_ + at_, count);
  at_ += count;
  taken_ += count;
  if (in_body_) shared_.bodies += count;
  return static_cast<ssize_t>(count);
}

bool Connection::write(std::string_view bytes) {
  const auto until = Clock::now() + options_.write_time;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    const bool full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (!full && errno != EINTR) return !(failed_ = true);
    pollfd sockets[] = {{socket_, POLLOUT, 0}, {shared_.stopping.descriptor(), POLLIN, 0}};
    if (full && (poll_until(sockets, 2, until) <= 0 || (sockets[1].revents != 0 && sockets[0].revents == 0))) return !(failed_ = true);
  }
  return true;
}

// Bytes that lie unread before the end of the stream hide that end: then the client counts as there, and writing tells.
bool Connection::alive() const {
  char byte;
  const ssize_t got = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

Waited Connection::wait(const Wake& wake, milliseconds time) {
  const auto until = Clock::now() + time;
  // A next request may lie there already; only the end of the stream is of interest.
  short watched = has_input() ? POLLRDHUP : POLLIN | POLLRDHUP;
  for (;;) {
    pollfd sockets[] = {{wake.descriptor(), POLLIN, 0}, {socket_, watched, 0}, {shared_.stopping.descriptor(), POLLIN, 0}};
    const int ready = poll_until(sockets, 3, until);
    if (ready == 0) return Waited::timeout;
    if (ready < 0 || sockets[2].revents != 0) return Waited::gone;
    if ((sockets[1].revents & (POLLERR | POLLHUP | POLLNVAL | POLLRDHUP)) != 0 || !alive()) {
      failed_ = true;
      return Waited::gone;
    }
    if (sockets[0].revents != 0) return Waited::woken;
    watched = POLLRDHUP;
  }
}

}  // namespace sluice::serve

// HTTP: one connection, one request at a time. Redirects are followed here and not by libcurl, so that what goes to
// whom is in sight: the token goes to the hub's own scheme, host and port and nowhere else, and no https turns into
// http.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sluice/status.h"

namespace sluice::hub {

struct Access {
  std::string endpoint;  // "https://huggingface.co", no slash at its end
  std::string token;     // empty: none
  std::string agent;     // of the User-Agent header
  const std::atomic<bool>* cancel = nullptr;
};

struct ByteRange {
  uint64_t first = 0, last = 0;  // both included
};

struct Reply {
  int status = 0;                            // of the last answer; 0: none came
  std::string problem;                       // empty: 200 or 206, and all of the body came that the server announced
  bool temporary = false;                    // asking again may help
  std::optional<uint64_t> retry_after;       // seconds, as the server asks
  std::string link, content_range, message;  // headers Link, Content-Range, X-Error-Message
};

struct Request {
  std::string url;
  std::optional<ByteRange> range;
  // Before the first byte of a 200 or 206: what is wrong with it, or nothing.
  std::function<std::optional<std::string>(const Reply&)> accept;
  // The body of a 200 or 206 as it comes: what is wrong, or nothing. Both end the request for good.
  std::function<std::optional<std::string>(std::span<const std::byte>)> take;
};

class Connection {
 public:
  // Errors: unsupported, where libcurl does not start; invalid, an endpoint that is no http or https address.
  static Result<Connection> open(const Access& access);
  Connection(Connection&&) noexcept;
  ~Connection();

  // Never waits for ever: an answer that stands still for half a minute is a temporary problem. REQUIRES: `access`
  // lives. `cancel` ends it within a second, as a problem that is not temporary.
  Reply get(const Request& request);

  // For one part of a path or a query: what is not a letter, digit, '-', '.', '_' or '~' as %XX.
  static std::string escape(std::string_view text);

  // `url`, or where a relative one leads from `base`. Empty: neither is an address.
  static std::string resolve(const std::string& base, const std::string& url);

 private:
  struct Parts;
  explicit Connection(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::hub

// The one place that knows libcurl.
#include "hub/connection.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::hub {
namespace {

constexpr int kMostRedirects = 10;
constexpr size_t kMostHeader = 8192;      // of one header that is kept
constexpr size_t kMostIgnored = 1 << 20;  // of the body of an error
constexpr long kConnectSeconds = 20, kStallSeconds = 30;

struct UrlDelete {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDelete>;

Url parse_url(const std::string& text) {
  Url url(curl_url());
  if (url && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (!url || curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "https://huggingface.co:443"; "" for anything but http and https.
std::string origin_of(const std::string& text) {
  const Url url = parse_url(text);
  const std::string scheme = lower(part_of(url, CURLUPART_SCHEME)), host = lower(part_of(url, CURLUPART_HOST));
  if ((scheme != "http" && scheme != "https") || host.empty()) return "";
  return fmt::format("{}://{}:{}", scheme, host, part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
}

bool is_temporary(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

bool is_temporary_status(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string_view trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t\r\n") + 1 - from);
}

// What the callbacks of one answer share.
struct Exchange {
  const Request* request;
  const std::atomic<bool>* cancel;
  Reply reply;
  bool accepted = false;
  size_t ignored = 0;
  std::string refusal;  // why we ended it ourselves
};

void keep_header(Reply& reply, std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1)).substr(0, kMostHeader);
  if (name == "link") reply.link = value;
  if (name == "content-range") reply.content_range = value;
  if (name == "x-error-message") reply.message = value.substr(0, 200);
  if (name == "retry-after") {
    uint64_t seconds = 0;  // the other form, a date, is not understood
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && end == value.data() + value.size()) reply.retry_after = seconds;
  }
}

size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {  // a further answer: that to CONNECT, or 100, came before
    exchange.reply = {};
    const size_t blank = std::min(line.find(' '), line.size());
    const std::string_view digits = trimmed(line.substr(blank)).substr(0, 3);
    std::from_chars(digits.data(), digits.data() + digits.size(), exchange.reply.status);
  } else {
    keep_header(exchange.reply, line);
  }
  return size * count;
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const size_t bytes = size * count;
  if (exchange.reply.status != 200 && exchange.reply.status != 206) {
    exchange.ignored += bytes;
    return exchange.ignored > kMostIgnored ? 0 : bytes;
  }
  std::optional<std::string> wrong;
  if (!exchange.accepted && exchange.request->accept) wrong = exchange.request->accept(exchange.reply);
  exchange.accepted = true;
  if (!wrong) wrong = exchange.request->take({reinterpret_cast<const std::byte*>(data), bytes});
  if (!wrong) return bytes;
  exchange.refusal = *wrong;
  return 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& exchange = *static_cast<Exchange*>(user);
  return exchange.cancel != nullptr && exchange.cancel->load() ? 1 : 0;
}

struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

CURLcode start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  return started;
}

}  // namespace

struct Connection::Parts {
  const Access* access;
  std::string origin;
  CURL* handle = nullptr;

  ~Parts() { curl_easy_cleanup(handle); }
  void set_up(const std::string& url, const Request& request, Exchange& exchange, char* error);
  Reply once(const std::string& url, const Request& request, std::string& next);
};

// libcurl itself reads http_proxy, https_proxy, all_proxy and no_proxy.
void Connection::Parts::set_up(const std::string& url, const Request& request, Exchange& exchange, char* error) {
  curl_easy_reset(handle);  // keeps the connection
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, access->agent.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
  if (request.range) {
    const std::string range = fmt::format("{}-{}", request.range->first, request.range->last);
    curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());  // copied
  }
}

Reply Connection::Parts::once(const std::string& url, const Request& request, std::string& next) {
  char error[CURL_ERROR_SIZE] = "";
  Exchange exchange{&request, access->cancel, {}, false, 0, ""};
  set_up(url, request, exchange, error);
  std::unique_ptr<curl_slist, ListDelete> headers;
  if (!access->token.empty() && origin_of(url) == origin) {
    headers.reset(curl_slist_append(nullptr, fmt::format("Authorization: Bearer {}", access->token).c_str()));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  Reply reply = std::move(exchange.reply);
  const bool good = reply.status == 200 || reply.status == 206;
  if (!exchange.refusal.empty()) {
    reply.problem = exchange.refusal;
  } else if (code == CURLE_ABORTED_BY_CALLBACK) {
    reply.problem = "stopped";
  } else if (reply.status != 0 && !good) {
    char* target = nullptr;
    if (is_redirect(reply.status)) curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &target);
    if (target != nullptr) next = target;
    reply.problem = fmt::format("answered {}{}{}", reply.status, reply.message.empty() ? "" : ": ", reply.message);
    reply.temporary = is_temporary_status(reply.status);
  } else if (code != CURLE_OK) {
    reply.problem = error[0] != '\0' ? error : curl_easy_strerror(code);
    reply.temporary = is_temporary(code);
  } else if (!exchange.accepted && request.accept) {
    if (const auto wrong = request.accept(reply)) reply.problem = *wrong;  // an empty body
  }
  return reply;
}

Connection::Connection(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const Access& access) {
  if (start_curl() != CURLE_OK) return Error{Code::unsupported, "libcurl does not start"};
  auto parts = std::make_unique<Parts>();
  parts->access = &access;
  parts->origin = origin_of(access.endpoint);
  if (parts->origin.empty()) return Error{Code::invalid, fmt::format("{}: no http or https address", access.endpoint)};
  parts->handle = curl_easy_init();
  if (parts->handle == nullptr) return Error{Code::unsupported, "libcurl does not start"};
  return Connection(std::move(parts));
}

Reply Connection::get(const Request& request) {
  std::string url = request.url;
  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    std::string next;
    Reply reply = parts_->once(url, request, next);
    if (next.empty()) return reply;
    const std::string to = origin_of(next);
    if (to.empty() || (to.starts_with("http:") && origin_of(url).starts_with("https:"))) {
      reply.problem = "leads from https to an address without it";
      return reply;
    }
    url = std::move(next);
  }
  Reply reply;
  reply.problem = fmt::format("leads on more than {} times", kMostRedirects);
  return reply;
}

std::string Connection::escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string Connection::resolve(const std::string& base, const std::string& url) {
  Url parsed = parse_url(base);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  return part_of(parsed, CURLUPART_URL);
}

}  // namespace sluice::hub

#include "hub/download.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "hub/denied.h"
#include "hub/retries.h"

namespace sluice::hub {
namespace {

constexpr uint64_t kSmall = 1 << 20;        // below it not worth asking whether ranges are served
constexpr uint64_t kWorthwhile = 16 << 10;  // bytes that an attempt must bring to count as progress

// "bytes 100-199/1000" begins where it should. A server may leave the header out; the checksum tells in the end.
std::optional<std::string> wrong_range(const Reply& reply, uint64_t start) {
  if (reply.content_range.empty()) return std::nullopt;
  std::string_view text = reply.content_range;
  uint64_t first = 0;
  if (text.starts_with("bytes ")) text.remove_prefix(6);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), first);
  if (parsed.ec == std::errc() && first == start) return std::nullopt;
  return fmt::format("asked for bytes from {}, the server sends others", start);
}

class Download {
 public:
  Download(const PullOptions& options, const std::string& url, PartFile& part, std::atomic<uint64_t>& fetched)
      : options_(options), url_(url), part_(part), fetched_(fetched), access_(options.access) {
    access_.cancel = &ending_;
  }

  Status run(const std::function<void()>& watch);

 private:
  void work();
  Status work_on(Connection& connection);
  std::optional<Span> next();
  Result<bool> serves_ranges(Connection& connection);
  Status fetch(Connection& connection, Span span, bool ranged);
  Status attempts(Connection& connection, uint64_t start, uint64_t end, bool ranged, uint64_t& at);
  Reply attempt(Connection& connection, uint64_t end, bool ranged, uint64_t& at, Status& written);
  bool stopped_by_user() const { return options_.access.cancel != nullptr && options_.access.cancel->load(); }

  const PullOptions& options_;
  const std::string& url_;
  PartFile& part_;
  std::atomic<uint64_t>& fetched_;
  Access access_;
  std::atomic<bool> ending_ = false;  // the user stopped us, or another connection failed
  std::mutex mutex_;                  // of all below
  std::vector<Span> todo_;
  bool ranged_ = true;
  Status result_;
};

std::optional<Span> Download::next() {
  const std::lock_guard lock(mutex_);
  if (todo_.empty()) return std::nullopt;
  const Span span = todo_.front();
  todo_.erase(todo_.begin());
  return span;
}

Reply Download::attempt(Connection& connection, uint64_t end, bool ranged, uint64_t& at, Status& written) {
  Request request;
  request.url = url_;
  if (ranged) request.range = ByteRange{at, end - 1};
  request.accept = [&, start = at](const Reply& reply) -> std::optional<std::string> {
    if (ranged && reply.status != 206) return "the server sends the whole file where a part was asked for";
    return ranged ? wrong_range(reply, start) : std::nullopt;
  };
  request.take = [&](std::span<const std::byte> bytes) -> std::optional<std::string> {
    if (bytes.size() > end - at)
      return fmt::format("the server sends more than the {} bytes that are listed", part_.size());
    written = part_.write(at, bytes);
    if (!written.ok()) return written.error().message;
    at += bytes.size();
    fetched_ += bytes.size();
    return std::nullopt;
  };
  return connection.get(request);
}

Status Download::attempts(Connection& connection, uint64_t start, uint64_t end, bool ranged, uint64_t& at) {
  Retries retries(options_.retries, &ending_);
  do {
    if (!ranged) fetched_ -= at - start, at = start;
    const uint64_t before = at;
    Status written;
    Reply reply = attempt(connection, end, ranged, at, written);
    if (!written.ok()) return written;
    if (reply.problem.empty() && at == end) return {};
    if (reply.problem.empty()) {
      reply.problem = fmt::format("the server ended after {} of {} bytes", at, part_.size());
      reply.temporary = true;
    }
    if (ranged && at - before >= kWorthwhile) retries.progressed();
    if (at == end && reply.temporary && end > start) return {};  // broken only after the last byte
    if (is_denied(reply)) return denied(access_, url_, reply);
    SLUICE_TRY_VOID(retries.wait(reply, url_));
  } while (true);
}

Status Download::fetch(Connection& connection, Span span, bool ranged) {
  uint64_t at = span.start;
  Status fetched = attempts(connection, span.start, span.start + span.length, ranged, at);
  // Without ranges what was half fetched is no use later: it would be fetched again.
  Status noted = part_.note({span.start, at - span.start});
  return fetched.ok() ? std::move(noted) : std::move(fetched);
}

// One byte, to see.
Result<bool> Download::serves_ranges(Connection& connection) {
  Retries retries(options_.retries, &ending_);
  while (true) {
    bool whole = false;
    Request request;
    request.url = url_;
    request.range = ByteRange{0, 0};
    request.accept = [&](const Reply& reply) -> std::optional<std::string> {
      whole = reply.status == 200;
      return whole ? std::optional<std::string>("whole") : std::nullopt;
    };
    uint64_t taken = 0;
    request.take = [&](std::span<const std::byte> bytes) -> std::optional<std::string> {
      taken += bytes.size();
      return taken > 1 ? std::optional<std::string>("asked for one byte, the server sends more") : std::nullopt;
    };
    const Reply reply = connection.get(request);
    if (whole) return false;
    if (reply.problem.empty()) return true;
    if (is_denied(reply)) return denied(access_, url_, reply);
    SLUICE_TRY_VOID(retries.wait(reply, url_));
  }
}

Status Download::work_on(Connection& connection) {
  while (const auto span = next()) SLUICE_TRY_VOID(fetch(connection, *span, ranged_));
  return {};
}

void Download::work() {
  auto connection = Connection::open(access_);
  Status worked = connection.ok() ? work_on(*connection) : Status(connection.error());
  if (worked.ok()) return;
  const std::lock_guard lock(mutex_);
  if (result_.ok()) result_ = std::move(worked);  // the first is the reason; the others were stopped
  todo_.clear();
  ending_ = true;
}

Status Download::run(const std::function<void()>& watch) {
  todo_ = part_.spans().missing(part_.size(), options_.range_bytes);
  if (part_.size() < kSmall && part_.spans().total() == 0) {
    ranged_ = false;
  } else if (!todo_.empty()) {
    access_.cancel = options_.access.cancel;
    SLUICE_TRY(Connection connection, Connection::open(access_));
    SLUICE_TRY(ranged_, serves_ranges(connection));
    access_.cancel = &ending_;
  }
  if (!ranged_) todo_ = {{0, part_.size()}};
  const size_t count = std::clamp<size_t>(todo_.size(), 1, static_cast<size_t>(options_.connections));
  std::atomic<size_t> running = count;
  std::vector<std::jthread> workers;
  for (size_t i = 0; i < count; ++i) {
    workers.emplace_back([&] {
      work();
      --running;
    });
  }
  while (running.load() > 0) {
    if (stopped_by_user()) ending_ = true;
    watch();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  workers.clear();
  if (!result_.ok() && stopped_by_user()) return Error{Code::cancelled, "stopped"};
  return std::move(result_);
}

}  // namespace

Status download(const PullOptions& options, const std::string& url, PartFile& part, std::atomic<uint64_t>& fetched,
                const std::function<void()>& watch) {
  return Download(options, url, part, fetched).run(watch);
}

}  // namespace sluice::hub

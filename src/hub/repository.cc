// list_repository: the pages of a repository's listing.
#include <fmt/format.h>

#include <unordered_set>

#include "hub/denied.h"
#include "hub/pull.h"
#include "hub/retries.h"
#include "text/quote.h"

namespace sluice::hub {
namespace {

constexpr int kMostPages = 1000;

// One page, and where the next one is.
Result<std::string> get_page(const PullOptions& o, const ModelName& name, Connection& connection,
                             const std::string& url, Reply& reply) {
  Retries retries(o.retries, o.access.cancel);
  while (true) {
    std::string body;
    Request request;
    request.url = url;
    request.take = [&](std::span<const std::byte> bytes) -> std::optional<std::string> {
      if (bytes.size() > kMostListing - body.size()) return "its listing is too long";
      body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return std::nullopt;
    };
    reply = connection.get(request);
    if (reply.problem.empty()) return body;
    if (is_denied(reply)) return denied(o.access, name.repository(), reply);
    SLUICE_TRY_VOID(retries.wait(reply, fmt::format("{}: {}", name.repository(), o.access.endpoint)));
  }
}

}  // namespace

Result<std::vector<RemoteFile>> list_repository(const PullOptions& o, const ModelName& name) {
  SLUICE_TRY(Connection connection, Connection::open(o.access));
  std::string url = fmt::format("{}/api/models/{}/tree/{}?recursive=true", o.access.endpoint, name.repository(),
                                Connection::escape(o.revision));
  std::vector<RemoteFile> files;
  std::unordered_set<std::string> seen;
  for (int page = 0; page < kMostPages && !url.empty(); ++page) {
    Reply reply;
    SLUICE_TRY(const std::string body, get_page(o, name, connection, url, reply));
    auto listed = parse_listing(body);
    if (!listed.ok()) return std::move(listed).error().within(name.repository());
    for (RemoteFile& file : *listed) {
      if (!seen.insert(file.path).second) {
        return Error{Code::corrupt,
                     fmt::format("{}: the listing has {} twice", name.repository(), text::quote_text(file.path))};
      }
      files.push_back(std::move(file));
    }
    if (files.size() > kMostFiles)
      return Error{Code::corrupt, fmt::format("{}: more than {} files", name.repository(), kMostFiles)};
    const std::string next = next_page(reply.link);
    url = next.empty() ? "" : Connection::resolve(url, next);
  }
  if (!url.empty())
    return Error{Code::corrupt, fmt::format("{}: its listing has more than {} pages", name.repository(), kMostPages)};
  return files;
}

}  // namespace sluice::hub

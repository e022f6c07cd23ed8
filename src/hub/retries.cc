#include "hub/retries.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace sluice::hub {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{300}, kLongest{30'000}, kStep{50};
constexpr uint64_t kMostPatience = 300;  // seconds

}  // namespace

Status Retries::wait(const Reply& reply, const std::string& what) {
  if (cancel_ != nullptr && cancel_->load()) return Error{Code::cancelled, fmt::format("{}: stopped", what)};
  if (!reply.temporary) return Error{Code::io, fmt::format("{}: {}", what, reply.problem)};
  if (used_ >= most_)
    return Error{Code::io, fmt::format("{}: {} (asked {} times; try again later)", what, reply.problem, used_ + 1)};
  if (reply.retry_after && *reply.retry_after > kMostPatience) {
    return Error{Code::io,
                 fmt::format("{}: {}; the server asks to come back in {} s", what, reply.problem, *reply.retry_after)};
  }
  milliseconds left = std::min(kLongest, kFirst * (1 << std::min(used_, 10)));
  if (reply.retry_after) left = milliseconds(1000 * *reply.retry_after);
  ++used_;
  for (; left.count() > 0; left -= kStep) {
    if (cancel_ != nullptr && cancel_->load()) return Error{Code::cancelled, fmt::format("{}: stopped", what)};
    std::this_thread::sleep_for(std::min(left, kStep));
  }
  return {};
}

}  // namespace sluice::hub

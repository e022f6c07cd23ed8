#include "cli/transfer_rate.h"

#include <fmt/format.h>

#include "cli/values.h"

namespace sluice::cli {
namespace {

constexpr auto kWindow = std::chrono::seconds(5);
constexpr auto kStep = std::chrono::milliseconds(100);

std::string show_time(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

}  // namespace

std::string TransferRate::line(uint64_t done, uint64_t total, uint64_t moved) {
  const auto now = Clock::now();
  if (samples_.empty() || now - samples_.back().at >= kStep) samples_.push_back({now, moved});
  while (samples_.size() > 2 && now - samples_.front().at > kWindow) samples_.pop_front();
  const double seconds = std::chrono::duration<double>(now - samples_.front().at).count();
  const auto bytes = [](uint64_t count) { return show_bytes(static_cast<double>(count)); };
  const double share = total == 0 ? 100 : 100.0 * static_cast<double>(done) / static_cast<double>(total);
  std::string out = fmt::format("{} of {} ({:.0f} %)", bytes(done), bytes(total), share);
  if (seconds <= 0 || moved <= samples_.front().moved) return out;
  const double rate = static_cast<double>(moved - samples_.front().moved) / seconds;
  return out + fmt::format(", {}/s, {} left", show_bytes(rate), show_time(static_cast<double>(total - done) / rate));
}

}  // namespace sluice::cli

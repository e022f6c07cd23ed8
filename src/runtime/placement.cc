#include "runtime/placement.h"

#include <fmt/format.h>

namespace sluice::runtime {
namespace {

// Pinning gained nothing on the two cores we measured, and where others keep a core busy, a pinned thread cannot leave it
// (docs/lab/2026-11-24-threads.md).
constexpr bool kPinByDefault = false;

}  // namespace

Result<Placement> place_threads(const std::string& pin, int32_t threads, std::span<const int32_t> cpus) {
  if (pin != "auto" && pin != "on" && pin != "off") {
    return Error{Code::invalid, fmt::format("--pin {}: must be auto, on or off", pin)};
  }
  const auto count = static_cast<size_t>(threads);
  const bool possible = cpus.size() >= count;
  if (pin == "on" && !possible) {
    return Error{Code::unsupported,
                 cpus.empty() ? "--pin on: this system keeps no threads on processors"
                              : fmt::format("--pin on: {} threads, but this process may use only {} processor{}", threads,
                                            cpus.size(), cpus.size() == 1 ? "" : "s")};
  }
  if (pin == "off" || !possible || (pin == "auto" && !kPinByDefault)) return Placement{};
  Placement p{{cpus.begin(), cpus.begin() + threads}, {cpus.begin() + threads, cpus.end()}};
  if (p.io.empty()) p.io.assign(cpus.begin(), cpus.end());
  return p;
}

}  // namespace sluice::runtime

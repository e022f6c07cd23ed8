// Durations of the steady clock.
#pragma once

#include <chrono>

namespace sluice {

inline double seconds_since(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

}  // namespace sluice

#include "serve/identifier.h"

#include <random>

namespace sluice::serve {

std::string identifier(std::string_view prefix) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  thread_local std::mt19937_64 random{(uint64_t{std::random_device()()} << 32) ^ std::random_device()()};
  std::string out(prefix);
  for (int i = 0; i < 24; ++i) out += kLetters[random() % kLetters.size()];
  return out;
}

}  // namespace sluice::serve

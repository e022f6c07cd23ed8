// Random numbers for synthetic weights: xoshiro256++ (Blackman, Vigna), seeded through splitmix64. Much data a second
// and the same on every machine; no secrets.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::store {

class SynthRandom {
 public:
  explicit SynthRandom(uint64_t seed) {
    for (uint64_t& word : state_) word = spread(seed += 0x9e3779b97f4a7c15);
  }
  // The stream of one piece of one tensor: who makes it, and in which order, does not matter.
  SynthRandom(uint64_t seed, std::string_view tensor, uint64_t piece) : SynthRandom(mixed(seed, tensor, piece)) {}

  uint64_t next() {
    auto& s = state_;
    const uint64_t out = std::rotl(s[0] + s[3], 23) + s[0];
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = std::rotl(s[3], 45);
    return out;
  }

  void fill(std::byte* out, size_t bytes) {
    for (; bytes >= 8; bytes -= 8, out += 8) {
      const uint64_t word = next();
      std::memcpy(out, &word, 8);
    }
    if (bytes == 0) return;
    const uint64_t word = next();
    std::memcpy(out, &word, bytes);
  }

 private:
  static uint64_t spread(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  static uint64_t mixed(uint64_t seed, std::string_view tensor, uint64_t piece) {
    uint64_t out = spread(seed);
    for (const char c : tensor) out = spread(out + static_cast<unsigned char>(c) + 1);
    return spread(out + piece);
  }

  std::array<uint64_t, 4> state_;
};

}  // namespace sluice::store

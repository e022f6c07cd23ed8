// A set of byte values.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace sluice::text {

class ByteSet {
 public:
  constexpr ByteSet() = default;
  static constexpr ByteSet range(int least, int most) {
    ByteSet out;
    for (int b = least; b <= most; ++b) out.add(static_cast<uint8_t>(b));
    return out;
  }
  static constexpr ByteSet of(std::string_view bytes) {
    ByteSet out;
    for (char c : bytes) out.add(static_cast<uint8_t>(c));
    return out;
  }
  static constexpr ByteSet all() { return range(0, 255); }

  constexpr void add(uint8_t byte) { words_[byte / 64] |= uint64_t{1} << (byte % 64); }
  constexpr void remove(uint8_t byte) { words_[byte / 64] &= ~(uint64_t{1} << (byte % 64)); }
  constexpr bool has(uint8_t byte) const { return (words_[byte / 64] >> (byte % 64) & 1) != 0; }
  constexpr int count() const {
    int out = 0;
    for (uint64_t word : words_) out += std::popcount(word);
    return out;
  }
  constexpr bool empty() const { return count() == 0; }
  constexpr ByteSet without(const ByteSet& other) const {
    ByteSet out;
    for (size_t i = 0; i < words_.size(); ++i) out.words_[i] = words_[i] & ~other.words_[i];
    return out;
  }
  constexpr ByteSet common(const ByteSet& other) const {
    ByteSet out;
    for (size_t i = 0; i < words_.size(); ++i) out.words_[i] = words_[i] & other.words_[i];
    return out;
  }
  constexpr ByteSet with(const ByteSet& other) const {
    ByteSet out;
    for (size_t i = 0; i < words_.size(); ++i) out.words_[i] = words_[i] | other.words_[i];
    return out;
  }
  constexpr bool operator==(const ByteSet&) const = default;
  constexpr auto operator<=>(const ByteSet&) const = default;

 private:
  std::array<uint64_t, 4> words_{};
};

}  // namespace sluice::text

// Byte and 32-bit integer work on 8 rows at once, for the tile builders and products of src/kernels/vector/integer_*.h.
#pragma once

#include "kernels/vector/integer_tile.h"
#include "kernels/x86/load.h"
#include "kernels/x86_avx2/vec.h"

namespace sluice::kernels::avx2 {
namespace {

struct IntegerVec : Vec {
  static SLUICE_INLINE Int set1_int(int v) { return _mm256_set1_epi32(v); }
  static SLUICE_INLINE Int set_bytes(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static SLUICE_INLINE Int bit_and(Int a, Int b) { return _mm256_and_si256(a, b); }
  static SLUICE_INLINE Int bit_or(Int a, Int b) { return _mm256_or_si256(a, b); }
  static SLUICE_INLINE Int bit_xor(Int a, Int b) { return _mm256_xor_si256(a, b); }
  static SLUICE_INLINE Int add_int(Int a, Int b) { return _mm256_add_epi32(a, b); }
  static SLUICE_INLINE Int sub_bytes(Int a, Int b) { return _mm256_sub_epi8(a, b); }
  static SLUICE_INLINE Int multiply(Int a, Int b) { return _mm256_mullo_epi32(a, b); }
  static SLUICE_INLINE Int multiply_pairs(Int a, Int b) { return _mm256_madd_epi16(a, b); }
  template <int k>
  static SLUICE_INLINE Int shift_right16(Int v) { return _mm256_srli_epi16(v, k); }
  template <int k>
  static SLUICE_INLINE Int shift_left16(Int v) { return _mm256_slli_epi16(v, k); }
  template <int k>
  static SLUICE_INLINE Int shift_right(Int v) { return _mm256_srli_epi32(v, k); }
  template <int k>
  static SLUICE_INLINE Int shift_left(Int v) { return _mm256_slli_epi32(v, k); }
  static SLUICE_INLINE Int shift_left_each(Int v, Int by) { return _mm256_sllv_epi32(v, by); }
  // a > b ? yes : no, by lane.
  static SLUICE_INLINE Int if_greater(Int a, Int b, Int yes, Int no) {
    return _mm256_blendv_epi8(no, yes, _mm256_cmpgt_epi32(a, b));
  }
  static SLUICE_INLINE Reg as_float(Int v) { return _mm256_castsi256_ps(v); }
  // Byte i of each lane.
  template <int i>
  static SLUICE_INLINE Int byte_of(Int v) {
    return i == 3 ? _mm256_srli_epi32(v, 24) : _mm256_and_si256(_mm256_srli_epi32(v, 8 * i), set1_int(255));
  }
  template <int i>
  static SLUICE_INLINE Int signed_byte_of(Int v) { return _mm256_srai_epi32(_mm256_slli_epi32(v, 24 - 8 * i), 24); }
  // The half float in the lower (upper) half of each lane.
  static SLUICE_INLINE Reg half_low(Int v) { return half_high(_mm256_slli_epi32(v, 16)); }
  static SLUICE_INLINE Reg half_high(Int v) {
    const Int top = _mm256_srli_epi32(v, 16);
    const Int packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(top, top), 0xd8);
    return _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
  }

  static SLUICE_INLINE Int repeat16(const uint8_t* p) { return _mm256_broadcastsi128_si256(load_16(p)); }
  static SLUICE_INLINE Int repeat_word(const std::byte* p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof(word));
    return _mm256_set1_epi32(word);
  }
  // values[q] for each byte q < 16.
  static SLUICE_INLINE Int look_up(Int values, Int q) { return _mm256_shuffle_epi8(values, q); }
  // Per lane with bytes a0..a3 and b0..b3: first = a0 b0 a1 b1, second = a2 b2 a3 b3.
  static SLUICE_INLINE void interleave_bytes(Int a, Int b, Int& first, Int& second) {
    const Int low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
    first = shuffle_words<0x88>(low, high);
    second = shuffle_words<0xdd>(low, high);
  }

  // The 32-bit word at each row's place.
  static SLUICE_INLINE Int words(const Rows& r) {
    const auto four = [](const uint8_t* p, int64_t s) SLUICE_LAMBDA {
      return _mm_setr_epi32(word(p), word(p + s), word(p + 2 * s), word(p + 3 * s));
    };
    return _mm256_setr_m128i(four(r.first, r.stride), four(r.first + 4 * r.stride, r.stride));
  }
  // The 16-bit word at each row's place; zeros above.
  static SLUICE_INLINE Int half_words(const Rows& r) {
    const auto four = [](const uint8_t* p, int64_t s) SLUICE_LAMBDA {
      return _mm_setr_epi32(load_u16(p), load_u16(p + s), load_u16(p + 2 * s), load_u16(p + 3 * s));
    };
    return _mm256_setr_m128i(four(r.first, r.stride), four(r.first + 4 * r.stride, r.stride));
  }
  // out[j] = word j of each row's next 8 bytes.
  static SLUICE_INLINE void columns2(const Rows& r, Int* out) {
    const auto half = [&](int64_t first) SLUICE_LAMBDA {  // rows first, first + 1, then those 4 further
      const auto two = [&](int64_t row) SLUICE_LAMBDA {
        const uint8_t* p = r.first + row * r.stride;
        return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(load_8(p)), reinterpret_cast<const __m64*>(p + r.stride)));
      };
      return _mm256_setr_m128i(two(first), two(first + 4));
    };
    const Int a = half(0), b = half(2);
    out[0] = shuffle_words<0x88>(a, b);
    out[1] = shuffle_words<0xdd>(a, b);
  }
  // out[j] = word j of each row's next 16 bytes.
  static SLUICE_INLINE void columns4(const Rows& r, Int* out) {
    Int a[4];  // rows i and i + 4
    unroll<4>([&](auto i) SLUICE_LAMBDA {
      const uint8_t* p = r.first + i.value * r.stride;
      a[i.value] = _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(p)), load_16(p + 4 * r.stride), 1);
    });
    const Int low01 = _mm256_unpacklo_epi32(a[0], a[1]), high01 = _mm256_unpackhi_epi32(a[0], a[1]);
    const Int low23 = _mm256_unpacklo_epi32(a[2], a[3]), high23 = _mm256_unpackhi_epi32(a[2], a[3]);
    out[0] = _mm256_unpacklo_epi64(low01, low23);
    out[1] = _mm256_unpackhi_epi64(low01, low23);
    out[2] = _mm256_unpacklo_epi64(high01, high23);
    out[3] = _mm256_unpackhi_epi64(high01, high23);
  }
  // out[j] = word j of each row's next 32 bytes.
  static SLUICE_INLINE void columns8(const Rows& r, Int* out) {
    columns4(r, out);
    columns4(r.at(16), out + 4);
  }

 private:
  static SLUICE_INLINE int word(const uint8_t* p) { return static_cast<int>(load_u32(p)); }
  static SLUICE_INLINE __m128i load_16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
  static SLUICE_INLINE __m128i load_8(const uint8_t* p) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)); }
  template <int kOrder>
  static SLUICE_INLINE Int shuffle_words(Int a, Int b) {
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), kOrder));
  }
};

}  // namespace
}  // namespace sluice::kernels::avx2

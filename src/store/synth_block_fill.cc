// Quantised blocks: random bytes, then the scales that make values of the wanted size of them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "store/synth_fill.h"

namespace sluice::store {
namespace {

using Scales = BlockRecipe::Scales;

uint8_t byte_at(const std::byte* block, int32_t at) {
  return std::to_integer<uint8_t>(block[at]);
}

void put(std::byte* block, int32_t at, uint16_t value) {
  std::memcpy(block + at, &value, sizeof value);
}

// One number format at one deviation.
class Block {
 public:
  Block(quant::FormatId id, float deviation) : recipe_(block_recipe(id)), format_(quant::format(id)) {
    SLUICE_CHECK(deviation > 0);
    set_scale(1);
    set_scale(deviation / measured_deviation());
  }

  const quant::Format& format() const { return format_; }
  size_t bytes() const { return static_cast<size_t>(format_.block_bytes); }

  // Makes a block of the random bytes in `block`.
  void finish(std::byte* block) const {
    if (recipe_.scales == Scales::exponent) {
      block[recipe_.d] = static_cast<std::byte>(exponent_ + (byte_at(block, recipe_.d) < one_more_of_256_));
      return;
    }
    if (recipe_.scales == Scales::pairs4) pair4(block + recipe_.scales_at);
    if (recipe_.scales == Scales::pairs6) pair6(block + recipe_.scales_at);
    // Codes may lie a little to one side of 0; where no offset mends that, a random sign does.
    const bool negative = recipe_.offset_at < 0 && byte_at(block, recipe_.d + 1) >= 128;
    put(block, recipe_.d, static_cast<uint16_t>(scale_ | (negative ? 0x8000 : 0)));
    if (recipe_.offset_at >= 0) put(block, recipe_.offset_at, offset_);
  }

  void make(SynthRandom& random, std::byte* block) const {
    random.fill(block, bytes());
    finish(block);
  }

  void decode(const std::byte* block, std::vector<float>& out) const {
    out.resize(static_cast<size_t>(format_.block));
    quant::Matrix one;
    one.format = format_.id;
    one.rows = 1;
    one.cols = format_.block;
    one.data = block;
    format_.decode_row(one, 0, out.data());
  }

 private:
  // Sixteen bytes, scale in the low and minimum in the high half: both equal.
  static void pair4(std::byte* scales) {
    for (int i = 0; i < 16; ++i) scales[i] = doubled(scales[i]);
  }
  // Eight scales and eight minima of 6 bits in twelve bytes: both equal.
  static void pair6(std::byte* scales) {
    std::copy_n(scales, 4, scales + 4);
    for (int i = 8; i < 12; ++i) scales[i] = doubled(scales[i]);
  }
  static std::byte doubled(std::byte b) { return (b & std::byte{15}) | b << 4; }

  void set_scale(float scale) {
    if (recipe_.scales == Scales::exponent) {  // 2^(e - 128): a mix of two neighbours has the mean square of `scale`
      const float whole = std::floor(std::log2(scale));
      const float square = scale * scale / std::exp2(2 * whole);  // 1 to 4
      exponent_ = static_cast<uint8_t>(std::clamp(128 + static_cast<int>(whole), 2, 253));
      one_more_of_256_ = static_cast<int>(std::lround(256 * (square - 1) / 3));
      return;
    }
    scale_ = quant::f32_to_f16(scale);
    offset_ = quant::f32_to_f16(recipe_.offset * quant::f16_to_f32(scale_));
  }

  float measured_deviation() const {
    SynthRandom random(1);
    std::vector<std::byte> block(bytes());
    std::vector<float> values;
    double squares = 0, count = 0;
    while (count < 1 << 16) {
      make(random, block.data());
      decode(block.data(), values);
      for (const float value : values) squares += double{value} * value;
      count += static_cast<double>(values.size());
    }
    return static_cast<float>(std::sqrt(squares / count));
  }

  const BlockRecipe& recipe_;
  const quant::Format& format_;
  uint16_t scale_ = 0, offset_ = 0;  // float16
  uint8_t exponent_ = 0;
  int one_more_of_256_ = 0;
};

// The bits of a block that its first value depends on, as they are when that is about `wanted`. Found by trying, which
// holds for every format there is.
class FixedFirst {
 public:
  FixedFirst(const Block& block, float wanted) {
    SynthRandom random(2);
    float best = INFINITY;
    std::vector<std::byte> candidate(block.bytes());
    for (int i = 0; i < 4096; ++i) {
      block.make(random, candidate.data());
      const float off = std::fabs(first_of(block, candidate.data()) - wanted);
      if (off < best) best = off, bits_ = candidate;
    }
    find_mask(block);
  }

  void apply(std::byte* block) const {
    for (size_t i = 0; i < bits_.size(); ++i) block[i] = (block[i] & ~mask_[i]) | (bits_[i] & mask_[i]);
  }

 private:
  float first_of(const Block& block, const std::byte* bytes) {
    block.decode(bytes, values_);
    return values_[0];
  }

  void find_mask(const Block& block) {
    const float value = first_of(block, bits_.data());
    mask_.assign(bits_.size(), std::byte{0});
    for (size_t bit = 0; bit < 8 * bits_.size(); ++bit) {
      std::vector<std::byte> flipped = bits_;
      flipped[bit / 8] ^= std::byte{1} << (bit % 8);
      if (first_of(block, flipped.data()) != value) mask_[bit / 8] |= std::byte{1} << (bit % 8);
    }
    // Bits may matter only together (an index into a codebook): until blocks made at random agree.
    SynthRandom random(3);
    std::vector<std::byte> other(bits_.size());
    for (int agreed = 0; agreed < 4096; ++agreed) {
      block.make(random, other.data());
      apply(other.data());
      if (first_of(block, other.data()) == value) continue;
      mask_[last_needed(block, other, value)] = std::byte{0xff};
      agreed = -1;
    }
  }

  // Copies bits_ over `other` byte by byte until its first value is `value`: the byte that did it.
  size_t last_needed(const Block& block, std::vector<std::byte>& other, float value) {
    size_t at = 0;
    for (;; ++at) {
      SLUICE_CHECK(at < bits_.size());
      other[at] = bits_[at];
      if (first_of(block, other.data()) == value) return at;
    }
  }

  std::vector<std::byte> bits_, mask_;
  std::vector<float> values_;
};

class BlockFiller : public Filler {
 public:
  BlockFiller(quant::FormatId format, int64_t cols, const Fill& fill)
      : block_(format, fill.a), row_bytes_(static_cast<size_t>(quant::row_bytes(format, cols))) {
    if (fill.first == Fill::First::constant) first_ = std::make_unique<FixedFirst>(block_, fill.first_value);
  }

  void rows(SynthRandom& random, int64_t count, std::byte* out) const override {
    for (; count > 0; --count, out += row_bytes_) {
      random.fill(out, row_bytes_);
      for (size_t at = 0; at < row_bytes_; at += block_.bytes()) block_.finish(out + at);
      if (first_) first_->apply(out);
    }
  }

 private:
  Block block_;
  size_t row_bytes_;
  std::unique_ptr<FixedFirst> first_;
};

}  // namespace

std::unique_ptr<Filler> make_block_filler(quant::FormatId format, int64_t cols, const Fill& fill) {
  SLUICE_CHECK(fill.kind == Fill::Kind::normal && fill.first != Fill::First::normal);
  return std::make_unique<BlockFiller>(format, cols, fill);
}

}  // namespace sluice::store

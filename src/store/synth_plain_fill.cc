// F32, F16, BF16: every value is drawn from a table of quantiles, five draws to a random word.
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "store/synth_fill.h"

namespace sluice::store {
namespace {

constexpr int kBits = 12;
constexpr size_t kEntries = size_t{1} << kBits;  // 8 or 16 KiB: stays in the first-level cache

double normal_below(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

// x with normal_below(x) == p, by halving.
double normal_quantile(double p) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (normal_below(middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Symmetric, so that the mean is 0 exactly, and of deviation 1.
std::vector<double> normal_table() {
  std::vector<double> out(kEntries);
  double squares = 0;
  for (size_t i = 0; i < kEntries / 2; ++i) {
    const double x = normal_quantile((static_cast<double>(i) + 0.5) / kEntries);
    out[i] = x;
    out[kEntries - 1 - i] = -x;
    squares += 2 * x * x;
  }
  for (double& x : out) x /= std::sqrt(squares / kEntries);
  return out;
}

const std::vector<double>& normals() {
  static const std::vector<double> table = normal_table();
  return table;
}

std::vector<float> values_of(const Fill& fill) {
  std::vector<float> out(kEntries, fill.a);
  for (size_t i = 0; i < kEntries; ++i) {
    const double at = (static_cast<double>(i) + 0.5) / kEntries;
    if (fill.kind == Fill::Kind::uniform) out[i] = static_cast<float>(fill.a + at * (double{fill.b} - fill.a));
    if (fill.kind == Fill::Kind::normal) out[i] = static_cast<float>(fill.a * normals()[i]);
  }
  return out;
}

template <class T>
class PlainFiller : public Filler {
 public:
  template <class Encode>
  PlainFiller(int64_t cols, const Fill& fill, Encode encode) : cols_(static_cast<size_t>(cols)), first_(fill.first) {
    for (const float value : values_of(fill)) table_.push_back(encode(value));
    if (fill.first == Fill::First::normal) {
      for (const float value : values_of(Fill::normal(fill.first_value))) first_table_.push_back(encode(value));
    } else {
      first_table_.assign(kEntries, encode(fill.first_value));
    }
  }

  void rows(SynthRandom& random, int64_t count, std::byte* out) const override {
    for (; count > 0; --count, out += cols_ * sizeof(T)) {
      row(random, out);
      if (first_ == Fill::First::same) continue;
      std::memcpy(out, &first_table_[random.next() % kEntries], sizeof(T));
    }
  }

 private:
  void row(SynthRandom& random, std::byte* out) const {
    constexpr size_t kDraws = 64 / kBits;
    for (size_t done = 0; done < cols_;) {
      uint64_t word = random.next();
      for (size_t i = 0; i < kDraws && done < cols_; ++i, ++done, word >>= kBits) {
        std::memcpy(out + done * sizeof(T), &table_[word % kEntries], sizeof(T));
      }
    }
  }

  size_t cols_;
  Fill::First first_;
  std::vector<T> table_, first_table_;
};

}  // namespace

std::unique_ptr<Filler> make_plain_filler(quant::FormatId format, int64_t cols, const Fill& fill) {
  switch (format) {
    case quant::FormatId::f16:
      return std::make_unique<PlainFiller<uint16_t>>(cols, fill, quant::f32_to_f16);
    case quant::FormatId::bf16:
      return std::make_unique<PlainFiller<uint16_t>>(cols, fill, quant::f32_to_bf16);
    default:
      SLUICE_CHECK(format == quant::FormatId::f32);
      return std::make_unique<PlainFiller<float>>(cols, fill, [](float value) { return value; });
  }
}

}  // namespace sluice::store

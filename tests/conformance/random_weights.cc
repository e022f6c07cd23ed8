#include "conformance/random_weights.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace sluice::conformance {
namespace {

void store_scale(quant::ScaleType type, float value, std::byte* p) {
  if (type == quant::ScaleType::f32) {
    std::memcpy(p, &value, sizeof value);
    return;
  }
  const uint16_t bits = type == quant::ScaleType::f16 ? quant::f32_to_f16(value) : quant::f32_to_bf16(value);
  std::memcpy(p, &bits, sizeof bits);
}

void fill_scales(Random& random, quant::ScaleType type, float low, float high, const GuardedBytes& out) {
  std::uniform_real_distribution<float> value(low, high);
  const auto step = static_cast<size_t>(quant::scale_bytes(type));
  for (size_t i = 0; i < out.size(); i += step) store_scale(type, value(random), out.data() + i);
}

size_t data_bytes(quant::FormatId format, const Shape& s) {
  return static_cast<size_t>(s.rows * quant::row_bytes(format, s.cols));
}

size_t side_bytes(const Shape& s) {
  if (s.group == 0) return 0;
  return static_cast<size_t>(s.rows * ((s.cols + s.group - 1) / s.group) * quant::scale_bytes(s.scale_type));
}

}  // namespace

GuardedBytes::GuardedBytes(size_t size, size_t slack) : size_(size) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t usable = (size + slack + page - 1) / page * page;
  mapped_ = usable + page;
  void* base = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SLUICE_CHECK(base != MAP_FAILED);
  base_ = static_cast<std::byte*>(base);
  SLUICE_CHECK(mprotect(base_ + usable, page, PROT_NONE) == 0);
  data_ = base_ + usable - slack - size;
}

GuardedBytes::GuardedBytes(GuardedBytes&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), mapped_(other.mapped_), data_(other.data_), size_(other.size_) {}

GuardedBytes::~GuardedBytes() {
  if (base_ != nullptr) munmap(base_, mapped_);
}

GuardedFloats random_floats(Random& random, size_t n, float low, float high) {
  GuardedFloats out(n);
  std::uniform_real_distribution<float> value(low, high);
  for (size_t i = 0; i < n; ++i) out[i] = value(random);
  return out;
}

RandomMatrix::RandomMatrix(Random& random, quant::FormatId format, const Shape& shape, size_t slack)
    : data_(data_bytes(format, shape), slack), scales_(side_bytes(shape), slack), biases_(side_bytes(shape), slack) {
  view_ = {.format = format, .rows = shape.rows, .cols = shape.cols, .data = data_.data()};
  if (shape.group == 0) {
    fill_blocks(random);
    return;
  }
  for (size_t i = 0; i < data_.size(); ++i) data_.data()[i] = static_cast<std::byte>(random());
  fill_scales(random, shape.scale_type, -0.1F, 0.1F, scales_);
  fill_scales(random, shape.scale_type, -0.8F, 0.8F, biases_);
  view_.scales = scales_.data();
  view_.biases = biases_.data();
  view_.scale_type = shape.scale_type;
  view_.group = shape.group;
}

// Draws each block until it is finite and of moderate size: that needs no knowledge of where a format keeps its scales.
void RandomMatrix::fill_blocks(Random& random) {
  const quant::Format& f = quant::format(view_.format);
  const auto bytes = static_cast<size_t>(f.block_bytes);
  std::vector<float> values(static_cast<size_t>(f.block));
  for (size_t at = 0; at < data_.size(); at += bytes) {
    const quant::Matrix one{.format = f.id, .rows = 1, .cols = f.block, .data = data_.data() + at};
    float largest;
    do {
      for (size_t i = 0; i < bytes; ++i) data_.data()[at + i] = static_cast<std::byte>(random());
      f.decode_row(one, 0, values.data());
      largest = 0;
      for (const float v : values) largest = std::isfinite(v) ? std::fmax(largest, std::fabs(v)) : INFINITY;
    } while (!(largest >= 0.25F && largest < 16.0F));
  }
}

}  // namespace sluice::conformance

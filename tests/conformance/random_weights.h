// Test data for the kernel conformance tests: memory that ends at an unreadable page, and random matrices of any
// format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "quant/format.h"

namespace sluice::conformance {

// Bytes followed, `slack` bytes after their end, by a page that may not be touched: a read beyond crashes the test.
class GuardedBytes {
 public:
  explicit GuardedBytes(size_t size, size_t slack = 0);
  GuardedBytes(GuardedBytes&& other) noexcept;
  GuardedBytes& operator=(GuardedBytes&&) = delete;
  ~GuardedBytes();
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* base_;
  size_t mapped_;
  std::byte* data_;
  size_t size_;
};

// Floats in such memory.
class GuardedFloats {
 public:
  explicit GuardedFloats(size_t n) : bytes_(n * sizeof(float)), n_(n) {}
  float* data() const { return reinterpret_cast<float*>(bytes_.data()); }
  size_t size() const { return n_; }
  float& operator[](size_t i) const { return data()[i]; }

 private:
  GuardedBytes bytes_;
  size_t n_;
};

using Random = std::mt19937;

GuardedFloats random_floats(Random& random, size_t n, float low = -1, float high = 1);

struct Shape {
  int64_t rows, cols;
  int32_t group = 0;  // formats with side arrays only
  quant::ScaleType scale_type = quant::ScaleType::none;
};

// A random matrix: arbitrary quants; scales such that each block's largest value lies in [1/4, 16). All arrays end
// `slack` bytes before an unreadable page, so `slack` also shifts where they start.
class RandomMatrix {
 public:
  RandomMatrix(Random& random, quant::FormatId format, const Shape& shape, size_t slack);
  const quant::Matrix& view() const { return view_; }

 private:
  void fill_blocks(Random& random);
  GuardedBytes data_, scales_, biases_;
  quant::Matrix view_;
};

}  // namespace sluice::conformance

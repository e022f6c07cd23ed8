// y = W x for any vector type V (a struct Vec of an instruction set's vec.h) and any row decoder D (decode_*.h).
//
// One arithmetic serves all shapes, so results cannot depend on the split: a row is decoded into float vectors in
// column order, and each (row, token) owns one vector accumulator: acc = fma(w, x, acc), vector after vector, then one
// horizontal sum. Few tokens: decode and multiply in registers, 4 rows interleaved to hide the latency of the accumulator
// chains. More tokens: decode a panel of rows x columns to the stack, then multiply it with all tokens in register tiles;
// only where the accumulators rest in between differs.
//
// A decoder D: kBlock (columns of a block, a multiple of V::kLanes), kTail (columns may stop inside a vector; then
// kBlock == V::kLanes), open(matrix, row), block(b, sink) calling sink(i, vector i of block b) with i ascending, and,
// where kTail, tail(column, n): the last n columns, zeros behind.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

constexpr int64_t kFewTokens = 3;  // up to here decoding again for each token beats a panel
constexpr int64_t kPanelRows = 16;
constexpr int64_t kPanelCols = 256;  // a panel is a third of the first cache
constexpr int64_t kTokensAtOnce = 64;

constexpr int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

// Asks for the next kBytes bytes, which may lie anywhere, and returns the address behind them.
template <int kBytes>
SLUICE_INLINE const uint8_t* prefetch(const uint8_t* p) {
  for (int i = 0; i < kBytes; i += 64) prefetch_twice(p + i);
  return p + kBytes;
}

template <class V, class D, int R>
inline void dot_rows(const MatMulArgs& a, int64_t r0, int64_t t) {
  D rows[R];
  typename V::Reg acc[R];
  unroll<R>([&](auto r) SLUICE_LAMBDA {
    rows[r.value].open(*a.w, r0 + r.value);
    acc[r.value] = V::zero();
  });
  const int64_t blocks = a.w->cols / D::kBlock;
  const float* x = a.x + t * a.ldx;
  const uint8_t* ahead = rows[0].row + R * (rows[R - 1].row - rows[0].row) / (R > 1 ? R - 1 : 1);
  if (r0 + R >= a.row_end && a.next != nullptr) ahead = reinterpret_cast<const uint8_t*>(a.next);
  for (int64_t b = 0; b < blocks; b++, x += D::kBlock) {
    if constexpr (R > 1) ahead = prefetch<R * D::kBytes>(ahead);
    unroll<R>([&](auto r) SLUICE_LAMBDA {
      rows[r.value].block(b, [&](int i, typename V::Reg w)
                                 SLUICE_LAMBDA { acc[r.value] = V::fma(w, V::load(x + i * V::kLanes), acc[r.value]); });
    });
  }
  if constexpr (D::kTail) {
    const int64_t done = blocks * D::kBlock;
    if (const int n = static_cast<int>(a.w->cols - done); n > 0) {
      unroll<R>([&](auto r) SLUICE_LAMBDA {
        acc[r.value] = V::fma(rows[r.value].tail(done, n), V::load_n(x, n), acc[r.value]);
      });
    }
  }
  unroll<R>([&](auto r) SLUICE_LAMBDA { a.y[t * a.ldy + r0 + r.value] = V::hsum(acc[r.value]); });
}

// Columns [c0, c0 + n) of `row` as floats; the last vector is filled up with zeros.
template <class V, class D>
inline void decode_columns(const D& row, int64_t c0, int64_t n, float* out) {
  const int64_t end = (c0 + n) / D::kBlock;
  for (int64_t b = c0 / D::kBlock; b < end; b++, out += D::kBlock) {
    row.block(b, [&](int i, typename V::Reg w) SLUICE_LAMBDA { V::store(out + i * V::kLanes, w); });
  }
  if constexpr (D::kTail) {
    const int64_t done = end * D::kBlock;
    if (c0 + n > done) V::store(out, row.tail(done, static_cast<int>(c0 + n - done)));
  }
}

// acc[t][r] += w[r] x[t] over n columns for an R x T tile; acc holds whole vectors, kPanelRows a token.
template <class V, int R, int T>
inline void multiply_tile(const float* w, const float* x, int64_t ldx, int64_t n, bool first, float* acc) {
  typename V::Reg sum[T][R];
  unroll<T * R>([&](auto i) SLUICE_LAMBDA {
    constexpr int t = i.value / R, r = i.value % R;
    sum[t][r] = first ? V::zero() : V::load(acc + (t * kPanelRows + r) * V::kLanes);
  });
  auto step = [&](int64_t c, auto load_x) SLUICE_LAMBDA {
    typename V::Reg wv[R];
    unroll<R>([&](auto r) SLUICE_LAMBDA { wv[r.value] = V::load(w + r.value * kPanelCols + c); });
    unroll<T>([&](auto t) SLUICE_LAMBDA {
      const typename V::Reg xv = load_x(x + t.value * ldx + c);
      unroll<R>([&](auto r) SLUICE_LAMBDA { sum[t.value][r.value] = V::fma(wv[r.value], xv, sum[t.value][r.value]); });
    });
  };
  int64_t c = 0;
  for (; c + V::kLanes <= n; c += V::kLanes) step(c, [](const float* p) SLUICE_LAMBDA { return V::load(p); });
  if (const int left = static_cast<int>(n - c); left > 0) {
    step(c, [left](const float* p) SLUICE_LAMBDA { return V::load_n(p, left); });
  }
  unroll<T * R>([&](auto i) SLUICE_LAMBDA {
    constexpr int t = i.value / R, r = i.value % R;
    V::store(acc + (t * kPanelRows + r) * V::kLanes, sum[t][r]);
  });
}

// All rows of the panel against T tokens.
template <class V, int T>
__attribute__((noinline)) void multiply_panel(const float* w, int64_t rows, const float* x, int64_t ldx, int64_t n,
                                              bool first, float* acc) {
  int64_t r = 0;
  for (; r + V::kTileRows <= rows; r += V::kTileRows) {
    multiply_tile<V, V::kTileRows, T>(w + r * kPanelCols, x, ldx, n, first, acc + r * V::kLanes);
  }
  for (; r < rows; r++) multiply_tile<V, 1, T>(w + r * kPanelCols, x, ldx, n, first, acc + r * V::kLanes);
}

template <class V>
inline void multiply_tokens(const float* w, int64_t rows, const float* x, int64_t ldx, int64_t tokens, int64_t n,
                            bool first, float* acc) {
  constexpr int kT = V::kTileTokens;
  int64_t t = 0;
  for (; t + kT <= tokens; t += kT) {
    multiply_panel<V, kT>(w, rows, x + t * ldx, ldx, n, first, acc + t * kPanelRows * V::kLanes);
  }
  x += t * ldx;
  acc += t * kPanelRows * V::kLanes;
  const int64_t left = tokens - t;
  if (left == 1) multiply_panel<V, 1>(w, rows, x, ldx, n, first, acc);
  if constexpr (kT > 2) {
    if (left == 2) multiply_panel<V, 2>(w, rows, x, ldx, n, first, acc);
    if (left == 3) multiply_panel<V, 3>(w, rows, x, ldx, n, first, acc);
  }
}

// Rows [r0, r0 + rows) against tokens [t0, t0 + tokens). About 80 KB of stack.
template <class V, class D>
inline void multiply_rows(const MatMulArgs& a, int64_t r0, int64_t rows, int64_t t0, int64_t tokens) {
  static_assert(V::kTileTokens <= 4 && kPanelCols % D::kBlock == 0 && kPanelRows % V::kTileRows == 0);
  alignas(64) float panel[kPanelRows * kPanelCols];
  alignas(64) float acc[kTokensAtOnce * kPanelRows * V::kLanes];
  D row[kPanelRows];
  for (int64_t r = 0; r < rows; r++) row[r].open(*a.w, r0 + r);
  const float* x = a.x + t0 * a.ldx;
  for (int64_t c = 0; c < a.w->cols; c += kPanelCols) {
    const int64_t n = smaller(kPanelCols, a.w->cols - c);
    for (int64_t r = 0; r < rows; r++) decode_columns<V, D>(row[r], c, n, panel + r * kPanelCols);
    multiply_tokens<V>(panel, rows, x + c, a.ldx, tokens, n, c == 0, acc);
  }
  for (int64_t t = 0; t < tokens; t++) {
    for (int64_t r = 0; r < rows; r++) {
      a.y[(t0 + t) * a.ldy + r0 + r] = V::hsum(V::load(acc + (t * kPanelRows + r) * V::kLanes));
    }
  }
}

template <class V, class D>
void matmul(const MatMulArgs& a) {
  if (a.tokens <= kFewTokens) {  // the rows come from memory for the first token, from the first cache for the others
    constexpr int kRows = 4;
    int64_t r = a.row_begin;
    for (; r + kRows <= a.row_end; r += kRows) {
      for (int64_t t = 0; t < a.tokens; t++) dot_rows<V, D, kRows>(a, r, t);
    }
    for (; r < a.row_end; r++) {
      for (int64_t t = 0; t < a.tokens; t++) dot_rows<V, D, 1>(a, r, t);
    }
    return;
  }
  for (int64_t t = 0; t < a.tokens; t += kTokensAtOnce) {
    for (int64_t r = a.row_begin; r < a.row_end; r += kPanelRows) {
      multiply_rows<V, D>(a, r, smaller(kPanelRows, a.row_end - r), t, smaller(kTokensAtOnce, a.tokens - t));
    }
  }
}

}  // namespace
}  // namespace sluice::kernels

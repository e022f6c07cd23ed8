// y = W x in integers (kernels/integer.h) for any vector type V, product P and tile builder F: a tile of V::kLanes rows x
// 256 columns is built once on the stack (vector/integer_tile.h) and multiplied with up to kTokensAtOnce tokens. A lane is a
// row, so a row's float sum runs over the groups in order whatever the split.
//
// A product P: Order (the activations' order: quantise.h of its architecture), kTokens (how many share a tile's registers),
// Weights and prepare(V::Int), accumulate(d0, d1, weights, x, i) for the i-th four columns of the group at x, and
// join(d0, d1). One with registers for whole tiles also has multiply<F>(...) for all tokens of a tile, and Scope<F>, which is
// there meanwhile.
#pragma once

#include "kernels/integer.h"
#include "kernels/kernel_table.h"
#include "kernels/vector/integer_tile.h"

namespace sluice::kernels {
namespace {

constexpr int64_t kIntegerTokens = 64;
constexpr int64_t kLeastAhead = 8192;  // bytes

// The sum of a group's integers that one scale covers; times the activations' scale.
template <class F, int kHalf>
SLUICE_INLINE int32_t sum_of(const GroupHead& h) {
  return F::kHalves == 1 ? h.sum[0] + h.sum[1] : h.sum[kHalf];
}
template <class F, int kHalf>
SLUICE_INLINE float scaled_sum_of(const GroupHead& h) {
  return F::kHalves == 1 ? h.scaled_sum : h.scale * static_cast<float>(h.sum[kHalf]);
}

// One group of the tile with T tokens' activations. `half` of kHalves.
template <class V, class P, class F, int T, int kHalf>
SLUICE_INLINE void multiply_group(const Tile<V>& tile, int g, const std::byte* x, const GroupHead* head, int64_t ldq,
                                  typename V::Reg* acc) {
  constexpr int kWords = 8 / F::kHalves;
  typename V::Int d0[T], d1[T];
  const auto head_of = [&](int t) SLUICE_LAMBDA {
    return reinterpret_cast<const GroupHead*>(reinterpret_cast<const std::byte*>(head) + t * ldq);
  };
  unroll<T>([&](auto t) SLUICE_LAMBDA {
    d0[t.value] = V::set1_int(0);
    d1[t.value] = d0[t.value];
    if constexpr (F::kBias != 0) {
      d1[t.value] = V::set1_int(-F::kBias * sum_of<F, kHalf>(*head_of(t.value)));
    }
  });
  unroll<kWords>([&](auto i) SLUICE_LAMBDA {
    constexpr int k = kHalf * kWords + i.value;
    const typename P::Weights w = P::prepare(tile.weights[g][k]);
    unroll<T>([&](auto t) SLUICE_LAMBDA { P::accumulate(d0[t.value], d1[t.value], w, x + t.value * ldq, k); });
  });
  const typename V::Reg s = tile.scales[g * F::kHalves + kHalf];
  unroll<T>([&](auto t) SLUICE_LAMBDA {
    const GroupHead* h = head_of(t.value);
    const typename V::Reg dot = V::to_float(P::join(d0[t.value], d1[t.value]));
    acc[t.value] = V::fma(dot, V::mul(s, V::set1(h->scale)), acc[t.value]);
    if constexpr (F::kOffsets) {
      acc[t.value] = V::fma(tile.offsets[g * F::kHalves + kHalf], V::set1(scaled_sum_of<F, kHalf>(*h)), acc[t.value]);
    }
  });
}

// The tile's first `groups` groups with T tokens; x and head begin at the tile's first group.
template <class V, class P, class F, int T>
__attribute__((noinline)) void multiply_tile_tokens(const Tile<V>& tile, int groups, const std::byte* x,
                                                    const GroupHead* head, int64_t ldq, typename V::Reg* acc) {
  typename V::Reg sum[T];
  unroll<T>([&](auto t) SLUICE_LAMBDA { sum[t.value] = acc[t.value]; });
  for (int g = 0; g < groups; g++) {
    unroll<F::kHalves>([&](auto half) SLUICE_LAMBDA {
      multiply_group<V, P, F, T, half.value>(tile, g, x + g * kGroupBytes, head + g, ldq, sum);
    });
  }
  unroll<T>([&](auto t) SLUICE_LAMBDA { acc[t.value] = sum[t.value]; });
}

template <class V, class P, class F>
SLUICE_INLINE void multiply_integer_tile(const Tile<V>& tile, int groups, const std::byte* x, const GroupHead* head,
                                         int64_t ldq, int64_t tokens, typename V::Reg* acc) {
  constexpr int kT = P::kTokens;
  const auto head_at = [&](int64_t t) SLUICE_LAMBDA {
    return reinterpret_cast<const GroupHead*>(reinterpret_cast<const std::byte*>(head) + t * ldq);
  };
  int64_t t = 0;
  for (; t + kT <= tokens; t += kT) {
    multiply_tile_tokens<V, P, F, kT>(tile, groups, x + t * ldq, head_at(t), ldq, acc + t);
  }
  const int64_t rest = tokens - t;
  x += t * ldq;
  if (rest == 1) multiply_tile_tokens<V, P, F, 1>(tile, groups, x, head_at(t), ldq, acc + t);
  if constexpr (kT > 2) {
    if (rest == 2) multiply_tile_tokens<V, P, F, 2>(tile, groups, x, head_at(t), ldq, acc + t);
    if (rest == 3) multiply_tile_tokens<V, P, F, 3>(tile, groups, x, head_at(t), ldq, acc + t);
  }
}

// Where rows [r, r + V::kLanes) of `m` stand from column c on. Fewer than V::kLanes rows are copied to `copy`, zeros
// behind, so that builders need no second form.
template <class V, class F>
struct TileReader {
  const quant::Matrix& m;
  int64_t row_bytes, side_bytes;

  explicit TileReader(const quant::Matrix& matrix) : m(matrix), row_bytes(m.cols / F::kBlock * F::kBytes) {
    const int element = m.scale_type == quant::ScaleType::none ? 0 : m.scale_type == quant::ScaleType::f32 ? 4 : 2;
    side_bytes = element == 0 ? 0 : (m.cols + m.group - 1) / m.group * element;
  }
  SLUICE_INLINE TileSource whole(int64_t r, int64_t c) const {
    const auto bytes = [](const std::byte* p) { return reinterpret_cast<const uint8_t*>(p); };
    return {{bytes(m.data) + r * row_bytes + c / F::kBlock * F::kBytes, row_bytes},
            {bytes(m.scales) + r * side_bytes, side_bytes},
            {bytes(m.biases) + r * side_bytes, side_bytes},
            m.scale_type,
            m.group / 32,
            c / 32};
  }
};

template <class V, class F>
struct PartialTile {
  static constexpr int kMostBytes = kTileCols / F::kBlock * F::kBytes, kMostSide = 64;
  uint8_t data[V::kLanes][kMostBytes], scales[V::kLanes][kMostSide], biases[V::kLanes][kMostSide];

  TileSource copy(TileSource from, int64_t rows, int64_t cols) {
    const int64_t bytes = cols / F::kBlock * F::kBytes;
    const int64_t element = from.type == quant::ScaleType::f32 ? 4 : 2;
    const int64_t first = from.type == quant::ScaleType::none ? 0 : from.group / from.scale_groups;
    const int64_t last = from.type == quant::ScaleType::none ? -1 : (from.group + cols / 32 - 1) / from.scale_groups;
    __builtin_memset(this, 0, sizeof(*this));
    for (int64_t r = 0; r < rows; r++) {
      __builtin_memcpy(data[r], from.data.first + r * from.data.stride, static_cast<size_t>(bytes));
      const auto side = static_cast<size_t>((last - first + 1) * element);
      if (side == 0) continue;
      __builtin_memcpy(scales[r], from.scales.first + r * from.scales.stride + first * element, side);
      __builtin_memcpy(biases[r], from.biases.first + r * from.biases.stride + first * element, side);
    }
    // The builders count the side arrays' elements from the row's start.
    return {{data[0], kMostBytes},
            {scales[0] - first * element, kMostSide},
            {biases[0] - first * element, kMostSide},
            from.type,
            from.scale_groups,
            from.group};
  }
};

template <class V, class F>
SLUICE_INLINE int build_tile(TileSource from, int64_t cols, Tile<V>& tile) {
  constexpr int kGroups = F::kBlock / 32;
  const int groups = static_cast<int>(cols / 32);
  for (int g = 0; g < groups; g += kGroups) {
    TileSink<V, F> sink{tile, g};
    F::build(from, sink);
    from.data = from.data.at(F::kBytes);
    from.group += kGroups;
  }
  return groups;
}

// Multiplies a block with one token while it is built, in registers.
template <class V, class P, class F>
struct ProductSink {
  static constexpr int kGroups = F::kBlock / 32, kScales = kGroups * F::kHalves;
  static constexpr int kLines = (F::kBytes * V::kLanes + 63) / 64;
  const std::byte* x;    // of the block's first group
  const uint8_t* ahead;  // what to ask for meanwhile: as many bytes as the block has in all rows
  typename V::Int d0[kScales], d1[kScales];
  typename V::Reg scales[kScales], offsets[kScales];
  template <int kGroup, int i>
  SLUICE_INLINE void put(typename V::Int v) {
    constexpr int j = kGroup * F::kHalves + (F::kHalves == 2 ? i / 4 : 0);
    if constexpr (i % (8 / F::kHalves) == 0) d0[j] = d1[j] = V::set1_int(0);
    P::accumulate(d0[j], d1[j], P::prepare(v), x + kGroup * kGroupBytes, i);
    // Spread evenly: asked for in one go they would fill the queue of misses and stall.
    constexpr int n = kGroup * 8 + i, kPuts = kGroups * 8;
    for (int line = n * kLines / kPuts; line < (n + 1) * kLines / kPuts; line++) prefetch_here(ahead + 64 * line);
  }
  template <int j>
  SLUICE_INLINE void scale(typename V::Reg v) { scales[j] = v; }
  template <int j>
  SLUICE_INLINE void offset(typename V::Reg v) { offsets[j] = v; }
};

template <class V, class P, class F>
SLUICE_INLINE typename V::Reg multiply_block(const TileSource& from, const uint8_t* ahead, const std::byte* x,
                                             const GroupHead* head, typename V::Reg acc) {
  using Sink = ProductSink<V, P, F>;
  Sink sink;
  sink.x = x;
  sink.ahead = ahead;
  F::build(from, sink);
  unroll<Sink::kScales>([&](auto j) SLUICE_LAMBDA {
    constexpr int g = j.value / F::kHalves, half = j.value % F::kHalves;
    typename V::Int dot = P::join(sink.d0[j.value], sink.d1[j.value]);
    if constexpr (F::kBias != 0) dot = V::add_int(dot, V::set1_int(-F::kBias * sum_of<F, half>(head[g])));
    acc = V::fma(V::to_float(dot), V::mul(sink.scales[j.value], V::set1(head[g].scale)), acc);
    if constexpr (F::kOffsets) acc = V::fma(sink.offsets[j.value], V::set1(scaled_sum_of<F, half>(head[g])), acc);
  });
  return acc;
}

// Rows [r, r + rows), rows <= V::kLanes, against `tokens` tokens at x.
template <class V, class P, class F>
inline void multiply_integer_rows(const MatMulArgs& a, const TileReader<V, F>& reader, int64_t r, int64_t rows, int64_t t0,
                                  int64_t tokens) {
  Tile<V> tile;
  typename V::Reg acc[kIntegerTokens];
  for (int64_t t = 0; t < tokens; t++) acc[t] = V::zero();
  const int64_t cols = a.w->cols;
  const std::byte* x = a.quantised + t0 * a.ldq;
  const auto* heads = reinterpret_cast<const GroupHead*>(x + cols / 32 * kGroupBytes);
  const uint8_t* ahead = reader.whole(r + V::kLanes, 0).data.first;
  PartialTile<V, F> part;
  for (int64_t c = 0; c < cols; c += kTileCols) {
    const int64_t n = cols - c < kTileCols ? cols - c : kTileCols;
    TileSource from = reader.whole(r, c);
    if (rows < V::kLanes) from = part.copy(from, rows, n);
    for (int64_t i = 0; i < n / F::kBlock * F::kBytes * V::kLanes; i += 64) prefetch_here(ahead + i);
    ahead += n / F::kBlock * F::kBytes * V::kLanes;
    const int groups = build_tile<V, F>(from, n, tile);
    const std::byte* x_at = x + c / 32 * kGroupBytes;
    if constexpr (requires { typename P::template Scope<F>; }) {
      P::template multiply<F>(tile, groups, x_at, heads + c / 32, a.ldq, tokens, acc);
    } else {
      multiply_integer_tile<V, P, F>(tile, groups, x_at, heads + c / 32, a.ldq, tokens, acc);
    }
  }
  for (int64_t t = 0; t < tokens; t++) {
    float* y = a.y + (t0 + t) * a.ldy + r;
    if (rows == V::kLanes) {
      V::store(y, acc[t]);
    } else {
      V::store_n(y, acc[t], static_cast<int>(rows));
    }
  }
}

// V::kLanes rows from r on against one token.
template <class V, class P, class F>
SLUICE_INLINE void multiply_integer_vector(const MatMulArgs& a, const TileReader<V, F>& reader, int64_t r, int64_t t) {
  const int64_t blocks = a.w->cols / F::kBlock;
  const std::byte* x = a.quantised + t * a.ldq;
  const auto* head = reinterpret_cast<const GroupHead*>(x + a.w->cols / 32 * kGroupBytes);
  TileSource from = reader.whole(r, 0);
  // A tile of rows ahead, or more where that is less than memory's latency.
  const int64_t tile_bytes = V::kLanes * from.data.stride;
  const uint8_t* ahead = from.data.first + (1 + kLeastAhead / tile_bytes) * tile_bytes;
  typename V::Reg acc = V::zero();
  for (int64_t b = 0; b < blocks; b++) {
    acc = multiply_block<V, P, F>(from, ahead, x, head, acc);
    ahead += F::kBytes * V::kLanes;
    from.data = from.data.at(F::kBytes);
    from.group += F::kBlock / 32;
    x += F::kBlock / 32 * kGroupBytes;
    head += F::kBlock / 32;
  }
  V::store(a.y + t * a.ldy + r, acc);
}

struct NoScope {
  explicit NoScope(int64_t) {}
};
template <class P, class F>
struct ScopeOf {
  using Type = NoScope;
};
template <class P, class F>
requires requires { typename P::template Scope<F>; }
struct ScopeOf<P, F> {
  using Type = typename P::template Scope<F>;
};

template <class V, class P, class F>
void integer_matmul(const MatMulArgs& a) {
  const TileReader<V, F> reader(*a.w);
  if (a.tokens == 1) {
    int64_t r = a.row_begin;
    for (; r + V::kLanes <= a.row_end; r += V::kLanes) multiply_integer_vector<V, P, F>(a, reader, r, 0);
    if (r < a.row_end) multiply_integer_rows<V, P, F>(a, reader, r, a.row_end - r, 0, 1);  // one token needs no scope
    return;
  }
  for (int64_t t = 0; t < a.tokens; t += kIntegerTokens) {
    const int64_t tokens = a.tokens - t < kIntegerTokens ? a.tokens - t : kIntegerTokens;
    [[maybe_unused]] const typename ScopeOf<P, F>::Type scope(tokens);
    for (int64_t r = a.row_begin; r < a.row_end; r += V::kLanes) {
      const int64_t rows = a.row_end - r < V::kLanes ? a.row_end - r : V::kLanes;
      multiply_integer_rows<V, P, F>(a, reader, r, rows, t, tokens);
    }
  }
}

}  // namespace
}  // namespace sluice::kernels

// y = W x in integers (kernels/integer.h) for any vector type V, product P and tile builder F: a tile of V::kLanes rows x
// 256 columns is built once on the stack (vector/integer_tile.h) and multiplied with up to kTokensAtOnce tokens. A lane is a
// row, so a row's float sum runs over the groups in order whatever the split.
//
// A product P multiplies words, the four columns of each row in a V::Int, with a group's integers, which stand at x in the
// order P::Order. Most inherit the simple answers from WordProduct<V>.
//   kTokens: how many tokens share a tile's registers
//   kWords: how many words it takes at once, 1 or 2
//   kDirect: how many tokens, 1, 2 or 4, are multiplied with weights that are still in registers, no tile being built
//   less(most): what prepare() takes off weights of at most `most` so that they fit P's instructions
//   start(d0, d1, n): sums that join() makes n, a row a lane
//   accumulate_folded: may be there, the same in fewer instructions; taken for several tokens
//   Weights, prepare<most>(words), accumulate(d0, d1, weights, x, Index<i>) for the words from the group's i-th on
// One with registers for whole tiles also has multiply<F>(...) for all tokens of a tile, and Scope<F>, which is there
// meanwhile.
#pragma once

#include "kernels/integer.h"
#include "kernels/kernel_table.h"
#include "kernels/vector/integer_tile.h"

namespace sluice::kernels {
namespace {

constexpr int64_t kIntegerTokens = 64;
constexpr int64_t kLeastAhead = 8192, kMostCold = 32768;  // bytes

template <class V>
struct WordProduct {
  static constexpr int kWords = 1, kDirect = 1;
  static constexpr int less(int) { return 0; }
  static SLUICE_INLINE void start(typename V::Int& d0, typename V::Int& d1, int n) {
    d0 = V::set1_int(0);
    d1 = V::set1_int(n);
  }
};

// The sum of a group's integers that one scale covers; times the activations' scale.
template <class F, int kHalf>
SLUICE_INLINE int32_t sum_of(const GroupHead& h) {
  return F::kHalves == 1 ? h.sum[0] + h.sum[1] : h.sum[kHalf];
}
template <class F, int kHalf>
SLUICE_INLINE float scaled_sum_of(const GroupHead& h) {
  return F::kHalves == 1 ? h.scaled_sum : h.scale * static_cast<float>(h.sum[kHalf]);
}

// What the sum of integers that one scale covers must be multiplied with and added, since the weights that were multiplied
// are not the format's.
template <class P, class F>
constexpr int correction() {
  return P::less(F::kMost) - F::kBias;
}

// As P does it for T tokens.
template <class P, int T, class Int, class Word>
SLUICE_INLINE void accumulate(Int& d0, Int& d1, const typename P::Weights& w, const std::byte* x, Word word) {
  if constexpr (T > 1 && requires { P::accumulate_folded(d0, d1, w, x, word); }) {
    P::accumulate_folded(d0, d1, w, x, word);
  } else {
    P::accumulate(d0, d1, w, x, word);
  }
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
    int32_t n = 0;
    if constexpr (correction<P, F>() != 0) n = correction<P, F>() * sum_of<F, kHalf>(*head_of(t.value));
    P::start(d0[t.value], d1[t.value], n);
  });
  unroll<kWords / P::kWords>([&](auto i) SLUICE_LAMBDA {
    constexpr int k = kHalf * kWords + i.value * P::kWords;
    const typename P::Weights w = P::template prepare<F::kMost>(tile.weights[g] + k);
    unroll<T>([&](auto t) SLUICE_LAMBDA { accumulate<P, T>(d0[t.value], d1[t.value], w, x + t.value * ldq, Index<k>{}); });
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
  const auto rest = [&](auto n) SLUICE_LAMBDA {
    if (tokens - t < n.value) return;
    multiply_tile_tokens<V, P, F, n.value>(tile, groups, x + t * ldq, head_at(t), ldq, acc + t);
    t += n.value;
  };
  if constexpr (kT > 4) rest(Index<4>{});
  if constexpr (kT > 3) rest(Index<3>{});
  if constexpr (kT > 2) rest(Index<2>{});
  rest(Index<1>{});
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

// Multiplies a block with T tokens while it is built, in registers. A group is done with its last word, since builders give its
// scale and offset before.
template <class V, class P, class F, int T>
struct ProductSink {
  static constexpr int kGroups = F::kBlock / 32, kRound = round_of<F>(), kScaleWords = 8 / F::kHalves;
  // Lines of 64 bytes that a round asks for.
  static constexpr int kLines = (F::kBytes * V::kLanes * kRound / kGroups + 63) / 64;
  const std::byte* x;      // of the block's first group and first token
  const GroupHead* heads;  // likewise
  int64_t ldq;             // bytes from token to token
  const uint8_t* ahead;    // what to ask for meanwhile: as many bytes as the block has in all rows
  typename V::Reg acc[T];
  typename V::Int d0[kRound][T], d1[kRound][T];
  typename V::Int words[kRound][P::kWords];  // those that P will take together
  typename V::Reg scales[kGroups * F::kHalves], offsets[kGroups * F::kHalves];

  template <int k, int i>
  SLUICE_INLINE void put(typename V::Int v, int round = 0) {
    constexpr int first = i - P::kWords + 1;
    words[k][i % P::kWords] = v;
    if constexpr (i % kScaleWords == 0) unroll<T>([&](auto t) SLUICE_LAMBDA { P::start(d0[k][t.value], d1[k][t.value], 0); });
    if constexpr (i % P::kWords == P::kWords - 1) {
      const typename P::Weights w = P::template prepare<F::kMost>(words[k]);
      unroll<T>([&](auto t) SLUICE_LAMBDA {
        accumulate<P, T>(d0[k][t.value], d1[k][t.value], w, x + (round + k) * kGroupBytes + t.value * ldq, Index<first>{});
      });
    }
    // Spread evenly: asked for in one go they would fill the queue of misses and stall.
    constexpr int n = k * 8 + i, kPuts = kRound * 8;
    for (int line = n * kLines / kPuts; line < (n + 1) * kLines / kPuts; line++) {
      prefetch_twice(ahead + 64 * (round / kRound * kLines + line));
    }
    if constexpr (i % kScaleWords == kScaleWords - 1) finish<k, i / kScaleWords>(round);
  }
  template <int j>
  SLUICE_INLINE void scale(typename V::Reg v) { scales[j] = v; }
  template <int j>
  SLUICE_INLINE void offset(typename V::Reg v) { offsets[j] = v; }

 private:
  template <int k, int half>
  SLUICE_INLINE void finish(int round) {
    const int j = (round + k) * F::kHalves + half;
    unroll<T>([&](auto t) SLUICE_LAMBDA {
      const auto& h = *reinterpret_cast<const GroupHead*>(reinterpret_cast<const std::byte*>(heads + round + k) + t.value * ldq);
      typename V::Int dot = P::join(d0[k][t.value], d1[k][t.value]);
      if constexpr (correction<P, F>() != 0) dot = V::add_int(dot, V::set1_int(correction<P, F>() * sum_of<F, half>(h)));
      typename V::Reg& sum = acc[t.value];
      sum = V::fma(V::to_float(dot), V::mul(scales[j], V::set1(h.scale)), sum);
      if constexpr (F::kOffsets) sum = V::fma(offsets[j], V::set1(scaled_sum_of<F, half>(h)), sum);
    });
  }
};

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

// What a product of few tokens asks memory for, tiles being taken one after the other: a tile ahead, or more where that is less
// than memory's latency; at the end of the rows what comes after them, since every matrix that begins cold costs
// microseconds.
struct ReadAhead {
  int64_t distance;
  const uint8_t *end, *next;

  ReadAhead(const uint8_t* begin, const uint8_t* rows_end, const std::byte* after, int64_t tile_bytes)
      : distance((1 + kLeastAhead / tile_bytes) * tile_bytes), end(rows_end), next(reinterpret_cast<const uint8_t*>(after)) {
    int64_t cold = end - begin < distance ? end - begin : distance;
    if (cold > kMostCold) cold = kMostCold;
    for (int64_t i = 0; i < cold; i += 64) prefetch_here(begin + i);
  }
  // For the tile at p; what is in the cache already when there is nothing to ask for.
  SLUICE_INLINE const uint8_t* of(const uint8_t* p) const {
    const uint8_t* at = p + distance;
    if (at < end) return at;
    return next == nullptr ? p : next + (at - end);
  }
};

// V::kLanes rows at `from` against all T tokens, to y.
template <class V, class P, class F, int T>
SLUICE_INLINE void multiply_integer_vectors(const MatMulArgs& a, TileSource from, const uint8_t* ahead, float* y) {
  ProductSink<V, P, F, T> sink;
  sink.x = a.quantised;
  sink.heads = reinterpret_cast<const GroupHead*>(sink.x + a.w->cols / 32 * kGroupBytes);
  sink.ldq = a.ldq;
  sink.ahead = ahead;
  unroll<T>([&](auto t) SLUICE_LAMBDA { sink.acc[t.value] = V::zero(); });
  for (int64_t b = 0; b < a.w->cols / F::kBlock; b++) {
    F::build(from, sink);
    sink.ahead += F::kBytes * V::kLanes;
    from.data = from.data.at(F::kBytes);
    from.group += F::kBlock / 32;
    sink.x += F::kBlock / 32 * kGroupBytes;
    sink.heads += F::kBlock / 32;
  }
  unroll<T>([&](auto t) SLUICE_LAMBDA { V::store(y + t.value * a.ldy, sink.acc[t.value]); });
}

// Rows [row_begin, row_end) against all T tokens, the weights never written anywhere: as fast as they can be read.
template <class V, class P, class F, int T>
__attribute__((noinline)) void integer_vectors(const MatMulArgs& a, const TileReader<V, F>& reader) {
  const int64_t whole = (a.row_end - a.row_begin) / V::kLanes * V::kLanes;
  const ReadAhead ahead(reader.whole(a.row_begin, 0).data.first, reader.whole(a.row_begin + whole, 0).data.first, a.next,
                        V::kLanes * reader.row_bytes);
  int64_t r = a.row_begin;
  for (; r + V::kLanes <= a.row_end; r += V::kLanes) {
    const TileSource from = reader.whole(r, 0);
    multiply_integer_vectors<V, P, F, T>(a, from, ahead.of(from.data.first), a.y + r);
  }
  if (r < a.row_end) multiply_integer_rows<V, P, F>(a, reader, r, a.row_end - r, 0, T);
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
  // These need no scope.
  if (a.tokens == 1) return integer_vectors<V, P, F, 1>(a, reader);
  if constexpr (P::kDirect >= 2) {
    if (a.tokens == 2) return integer_vectors<V, P, F, 2>(a, reader);
  }
  if constexpr (P::kDirect >= 4) {
    if (a.tokens == 3) return integer_vectors<V, P, F, 3>(a, reader);
    if (a.tokens == 4) return integer_vectors<V, P, F, 4>(a, reader);
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

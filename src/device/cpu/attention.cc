// Grouped-query attention with normed queries and keys, partial rotary positions and an optional output gate.
//
// A query's rows are taken in blocks of kAttentionRows that begin at fixed positions; the blocks' parts are merged in
// order. So its result depends on its position and rows alone, whether one thread walks the blocks of a tile of tokens
// (prompts) or all threads share the blocks of a few tokens (decoding).
#include <algorithm>
#include <array>
#include <cmath>

#include "device/cpu/cpu_device.h"

namespace sluice::device {
namespace {

using kernels::kAttentionRows;

int64_t position_of(const Part& part, int64_t token) { return part.state->position + token - part.first; }

// The blocks in which a token of the part finds its rows.
struct Blocks {
  int64_t first, end;
};

Blocks blocks(const Part& part, int64_t token) {
  return {part.state->first / kAttentionRows, position_of(part, token) / kAttentionRows + 1};
}

}  // namespace

int64_t CpuDevice::tiles_of(const Part& part) { return (part.count + kAttentionTokens - 1) / kAttentionTokens; }

CpuDevice::Queries CpuDevice::tile(const Chunk& chunk, int64_t index) {
  const Part* part = chunk.parts.data();
  for (; index >= tiles_of(*part); ++part) index -= tiles_of(*part);
  const int64_t skipped = index * kAttentionTokens;
  return {part, part->first + skipped, std::min(kAttentionTokens, part->count - skipped)};
}

void CpuDevice::attention(const model::Attention& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t h = plan_.hidden, kv = int64_t{s.kv_heads} * s.head_dim, heads_width = int64_t{s.heads} * s.head_dim;
  const int64_t q_stride = heads_width * (s.gated ? 2 : 1);
  const std::array<MatMulJob, 3> in{{{&matrix(s.q), w_.normed, h, w_.query, q_stride},
                                     {&matrix(s.k), w_.normed, h, w_.key, kv},
                                     {&matrix(s.v), w_.normed, h, w_.value, kv}}};
  matmuls(in, tokens);
  place_rows(s, chunk);
  int64_t tiles = 0;
  for (const Part& part : chunk.parts) tiles += tiles_of(part);
  if (tiles * s.kv_heads >= int64_t{4} * threads_.size()) {
    threads_.each(tiles * s.kv_heads, [&](int64_t i, int thread) {
      attend(s, tile(chunk, i / s.kv_heads), i % s.kv_heads, thread);
    });
  } else {
    for (int64_t i = 0; i < tiles; ++i) attend_together(s, tile(chunk, i));
  }
  const MatMulJob out{&matrix(s.o), w_.heads, heads_width, w_.output, h};
  matmuls({&out, 1}, tokens);
}

// The heads of one KV head over one block of its rows; of the tokens those that reach it. Token t's parts are at
// parts + t * (heads of the KV head) * part_stride.
void CpuDevice::attend_block(const model::Attention& s, Queries queries, int64_t kv_head, int64_t block, int thread, float* parts) {
  const State& state = *queries.part->state;
  const int64_t group = s.heads / s.kv_heads, per_head = int64_t{s.head_dim} * (s.gated ? 2 : 1);
  const int64_t position = position_of(*queries.part, queries.first), from = std::max(block * kAttentionRows, state.first);
  const int64_t until = std::min((block + 1) * kAttentionRows, position + queries.count);
  const int64_t skip = std::max<int64_t>(from - position, 0), token = queries.first + skip;
  const int64_t at = from * state.kv_stride + kv_head * kernels::kv_row_bytes(state.kv, s.head_dim);
  kernels_.attention({.q = w_.query + (token * s.heads + kv_head * group) * per_head,
                      .q_token = s.heads * per_head,
                      .q_head = per_head,
                      .tokens = queries.count - skip,
                      .heads = group,
                      .keys = state.keys[static_cast<size_t>(s.kv_index)] + at,
                      .values = state.values[static_cast<size_t>(s.kv_index)] + at,
                      .row_stride = state.kv_stride,
                      .kv = state.kv,
                      .rows = until - from,
                      .seen = position_of(*queries.part, token) + 1 - from,
                      .head_dim = s.head_dim,
                      .scale = 1.0f / std::sqrt(static_cast<float>(s.head_dim)),
                      .scratch = w_.attention_scratch + thread * w_.attention_scratch_floats,
                      .parts = parts + skip * group * w_.part_stride,
                      .part_stride = w_.part_stride});
}

// One thread walks a tile of queries through all blocks.
void CpuDevice::attend(const model::Attention& s, Queries queries, int64_t kv_head, int thread) {
  const int64_t group = s.heads / s.kv_heads, stride = w_.part_stride, parts_floats = queries.count * group * stride;
  const Blocks all = blocks(*queries.part, queries.first + queries.count - 1);
  float* parts = w_.attention_scratch + (thread + 1) * w_.attention_scratch_floats - 2 * parts_floats;
  float* next = parts + parts_floats;
  for (int64_t block = all.first; block < all.end; ++block) {
    attend_block(s, queries, kv_head, block, thread, block == all.first ? parts : next);
    for (int64_t i = 0; block > all.first && i < queries.count * group; ++i) {
      if (block >= blocks(*queries.part, queries.first + i / group).end) continue;
      kernels_.attention_merge(parts + i * stride, next + i * stride, s.head_dim);
    }
  }
  for (int64_t i = 0; i < queries.count * group; ++i) {
    finish(s, queries.first + i / group, kv_head * group + i % group, parts + i * stride);
  }
}

// All threads share the blocks of a tile of queries, then merge their parts, a head at a time.
void CpuDevice::attend_together(const model::Attention& s, Queries queries) {
  const int64_t group = s.heads / s.kv_heads, stride = w_.part_stride, per_token = group * stride;
  const int64_t per_kv_head = queries.count * per_token, per_block = s.kv_heads * per_kv_head;
  const Blocks all = blocks(*queries.part, queries.first + queries.count - 1);
  const auto one_block = [&](int64_t begin, int64_t end, int thread) {
    for (int64_t i = begin; i < end; ++i) {
      attend_block(s, queries, i % s.kv_heads, all.first + i / s.kv_heads, thread, w_.parts + i * per_kv_head);
    }
  };
  const auto merge = [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t kv_head = i / (queries.count * group), token = queries.first + i / group % queries.count;
      float* part = w_.parts + i * stride;
      for (int64_t block = 1; block < blocks(*queries.part, token).end - all.first; ++block) {
        kernels_.attention_merge(part, part + block * per_block, s.head_dim);
      }
      finish(s, token, kv_head * group + i % group, part);
    }
  };
  threads_.phases(phase((all.end - all.first) * s.kv_heads, 1, one_block), phase(s.kv_heads * queries.count * group, 2, merge));
}

void CpuDevice::finish(const model::Attention& s, int64_t token, int64_t head, const float* part) {
  const float* q = w_.query + (token * s.heads + head) * s.head_dim * (s.gated ? 2 : 1);
  float* out = w_.heads + (token * s.heads + head) * s.head_dim;
  kernels_.attention_finish(part, s.gated ? q + s.head_dim : nullptr, s.head_dim, out);
}

// Norms and rotates queries and keys in place, then writes keys and values to their cache rows.
void CpuDevice::place_rows(const model::Attention& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t per_head = s.head_dim * (s.gated ? 2 : 1);
  const auto half = static_cast<int64_t>(plan_.inv_freq.size());
  threads_.ranges(tokens, 1, [&](int64_t begin, int64_t end, int) {
    const Part* part = chunk.parts.data();
    for (int64_t t = begin; t < end; ++t) {
      while (t >= part->first + part->count) ++part;
      const State& state = *part->state;
      const int64_t position = position_of(*part, t), row_bytes = kernels::kv_row_bytes(state.kv, s.head_dim);
      std::byte* keys = state.keys[static_cast<size_t>(s.kv_index)];
      std::byte* values = state.values[static_cast<size_t>(s.kv_index)];
      for (int64_t i = 0; i < half; ++i) {
        const float angle = static_cast<float>(position) * plan_.inv_freq[static_cast<size_t>(i)];
        w_.cosine[t * half + i] = std::cos(angle) * plan_.rope_scale;
        w_.sine[t * half + i] = std::sin(angle) * plan_.rope_scale;
      }
      for (int64_t head = 0; head < s.heads; ++head) {
        float* q = w_.query + (t * s.heads + head) * per_head;
        kernels_.rms_norm(q, vector(s.q_norm), s.eps, s.head_dim, q);
        rotate(q, t);
      }
      for (int64_t head = 0; head < s.kv_heads; ++head) {
        const int64_t at = position * state.kv_stride + head * row_bytes;
        float* k = w_.key + (t * s.kv_heads + head) * s.head_dim;
        kernels_.rms_norm(k, vector(s.k_norm), s.eps, s.head_dim, k);
        rotate(k, t);
        kernels::kv_encode(state.kv, k, s.head_dim, keys + at);
        kernels::kv_encode(state.kv, w_.value + (t * s.kv_heads + head) * s.head_dim, s.head_dim, values + at);
      }
    }
  });
}

// Rotary positions (Su et al. 2021, arXiv:2104.09864) on half-split pairs (i, i + half).
void CpuDevice::rotate(float* head, int64_t token) const {
  const auto half = static_cast<int64_t>(plan_.inv_freq.size());
  const float* cosine = w_.cosine + token * half;
  const float* sine = w_.sine + token * half;
  for (int64_t i = 0; i < half; ++i) {
    const float a = head[i], b = head[i + half];
    head[i] = a * cosine[i] - b * sine[i];
    head[i + half] = b * cosine[i] + a * sine[i];
  }
}

}  // namespace sluice::device

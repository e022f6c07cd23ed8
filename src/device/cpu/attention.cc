// Grouped-query attention with normed queries and keys, partial rotary positions and an optional output gate.
#include <array>
#include <cmath>
#include <cstring>

#include "device/cpu/arithmetic.h"
#include "device/cpu/cpu_device.h"

namespace sluice::device {

void CpuDevice::attention(const model::Attention& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t h = plan_.hidden, kv = int64_t{s.kv_heads} * s.head_dim, heads_width = int64_t{s.heads} * s.head_dim;
  const int64_t q_stride = heads_width * (s.gated ? 2 : 1);
  const std::array<MatMulJob, 3> in{{{&matrix(s.q), w_.normed, h, w_.query, q_stride},
                                     {&matrix(s.k), w_.normed, h, w_.key, kv},
                                     {&matrix(s.v), w_.normed, h, w_.value, kv}}};
  matmuls(in, tokens);
  place_rows(s, chunk);

  const float* keys = chunk.state->keys[static_cast<size_t>(s.kv_index)] + chunk.state->first * kv;
  const float* values = chunk.state->values[static_cast<size_t>(s.kv_index)] + chunk.state->first * kv;
  const int64_t per_head = q_stride / s.heads, group = s.heads / s.kv_heads;
  const float scale = 1.0f / std::sqrt(static_cast<float>(s.head_dim));
  threads_.each(tokens * s.heads, [&](int64_t i, int thread) {
    const int64_t t = i / s.heads, head = i % s.heads;
    const float* q = w_.query + t * q_stride + head * per_head;
    const int64_t at = head / group * s.head_dim;
    float* out = w_.heads + t * heads_width + head * s.head_dim;
    kernels_.attention({q, keys + at, values + at, kv, chunk.state->position + t + 1 - chunk.state->first, s.head_dim, scale,
                        w_.scores + thread * w_.positions, out});
    if (!s.gated) return;
    const float* gate = q + s.head_dim;
    for (int64_t d = 0; d < s.head_dim; ++d) out[d] *= sigmoid(gate[d]);
  });

  const MatMulJob out{&matrix(s.o), w_.heads, heads_width, w_.output, h};
  matmuls({&out, 1}, tokens);
}

// Norms and rotates queries in place and keys into their cache rows, beside the values.
void CpuDevice::place_rows(const model::Attention& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t kv = int64_t{s.kv_heads} * s.head_dim, per_head = s.head_dim * (s.gated ? 2 : 1);
  const auto half = static_cast<int64_t>(plan_.inv_freq.size());
  float* keys = chunk.state->keys[static_cast<size_t>(s.kv_index)];
  float* values = chunk.state->values[static_cast<size_t>(s.kv_index)];
  threads_.ranges(tokens, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t position = chunk.state->position + t;
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
        float* row = keys + position * kv + head * s.head_dim;
        kernels_.rms_norm(w_.key + t * kv + head * s.head_dim, vector(s.k_norm), s.eps, s.head_dim, row);
        rotate(row, t);
      }
      std::memcpy(values + position * kv, w_.value + t * kv, static_cast<size_t>(kv) * sizeof(float));
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

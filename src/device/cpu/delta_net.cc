// Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464), token after token: the state never leaves the cache of the core
// that owns the head. Prompts take the same path as single tokens, so chunking cannot change a byte.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "device/cpu/arithmetic.h"
#include "device/cpu/cpu_device.h"

namespace sluice::device {
namespace {

constexpr float kL2Epsilon = 1e-6f;  // fixed by the family, inside the root, on the sum

float softplus(float x) { return x > 20.0f ? x : std::log1p(std::exp(x)); }

}  // namespace

void CpuDevice::delta_net(const model::DeltaNet& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t h = plan_.hidden, channels = plan_.conv_channels, value_dim = int64_t{s.v_heads} * s.dv;
  const Span rows = put_held_first(s, chunk);
  const std::array<MatMulJob, 4> in{{{&matrix(s.qkv), w_.normed, h, w_.mixed + rows.held * channels, channels},
                                     {&matrix(s.z), w_.normed, h, w_.gate + rows.held * value_dim, value_dim},
                                     {&matrix(s.beta), w_.normed, h, w_.beta + rows.held * s.v_heads, s.v_heads},
                                     {&matrix(s.alpha), w_.normed, h, w_.alpha + rows.held * s.v_heads, s.v_heads}}};
  matmuls(in, tokens);
  hold_drafts(s, chunk, rows);
  convolve(s, rows, chunk.state->conv[static_cast<size_t>(s.state_index)]);
  normalise_keys(s, rows);
  recur(s, rows, chunk.state->recurrent[static_cast<size_t>(s.state_index)]);
  const MatMulJob out{&matrix(s.out), w_.core + rows.held * value_dim, value_dim, w_.output, h};
  matmuls({&out, 1}, tokens);
}

// Drafts that turned out right are walked once more, the state along, in front of what comes now: their inputs are all
// that it takes.
CpuDevice::Span CpuDevice::put_held_first(const model::DeltaNet& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size()), held = int64_t{chunk.state->held};
  if (held > 0) {
    const HeldDrafts& from = chunk.state->drafts[static_cast<size_t>(s.state_index)];
    std::copy_n(from.inputs, held * plan_.conv_channels, w_.mixed);
    std::copy_n(from.beta, held * s.v_heads, w_.beta);
    std::copy_n(from.alpha, held * s.v_heads, w_.alpha);
    std::fill_n(w_.gate, held * s.v_heads * s.dv, 0.0f);  // of rows whose output nobody wants
  }
  return {held, held + tokens, held + tokens - chunk.drafts};
}

void CpuDevice::hold_drafts(const model::DeltaNet& s, const Chunk& chunk, const Span& rows) {
  if (chunk.drafts == 0) return;
  const HeldDrafts& to = chunk.state->drafts[static_cast<size_t>(s.state_index)];
  std::copy_n(w_.mixed + rows.keep * plan_.conv_channels, chunk.drafts * plan_.conv_channels, to.inputs);
  std::copy_n(w_.beta + rows.keep * s.v_heads, chunk.drafts * s.v_heads, to.beta);
  std::copy_n(w_.alpha + rows.keep * s.v_heads, chunk.drafts * s.v_heads, to.alpha);
}

// Causal depthwise convolution and silu. `state` holds the last kernel - 1 inputs, oldest first, before activation.
void CpuDevice::convolve(const model::DeltaNet& s, const Span& rows, float* state) {
  constexpr int64_t kGrain = 256;
  const int64_t channels = plan_.conv_channels, past = s.kernel - 1;
  const float* taps = vector(s.conv);
  threads_.ranges(channels, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = 0; t < rows.all; ++t) {
      float* y = w_.conv + t * channels;
      std::fill(y + begin, y + end, 0.0f);
      for (int64_t k = 0; k < s.kernel; ++k) {
        const int64_t from = t + k - past;  // negative: in the state
        const float* x = from < 0 ? state + (from + past) * channels : w_.mixed + from * channels;
        const float* tap = taps + k * channels;
        for (int64_t c = begin; c < end; ++c) y[c] += tap[c] * x[c];
      }
      kernels_.swiglu(y + begin, w_.ones, end - begin, y + begin);
    }
    for (int64_t k = 0; k < past; ++k) {
      const int64_t from = rows.keep + k - past;
      const float* x = from < 0 ? state + (from + past) * channels : w_.mixed + from * channels;
      std::memmove(state + k * channels + begin, x + begin, static_cast<size_t>(end - begin) * sizeof(float));
    }
  });
}

// L2-normalises query and key heads in place; queries are also scaled by dk^-1/2.
void CpuDevice::normalise_keys(const model::DeltaNet& s, const Span& rows) {
  const int64_t heads = 2 * int64_t{s.k_heads};
  const float q_scale = 1.0f / std::sqrt(static_cast<float>(s.dk));
  threads_.ranges(rows.all * heads, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t t = i / heads, head = i % heads;
      float* x = w_.conv + t * plan_.conv_channels + head * s.dk;
      float sum = 0.0f;
      for (int64_t d = 0; d < s.dk; ++d) sum += x[d] * x[d];
      const float scale = 1.0f / std::sqrt(sum + kL2Epsilon) * (head < s.k_heads ? q_scale : 1.0f);
      for (int64_t d = 0; d < s.dk; ++d) x[d] *= scale;
    }
  });
}

// The delta rule and the gated norm, head by head.
void CpuDevice::recur(const model::DeltaNet& s, const Span& rows, float* state) {
  const int64_t channels = plan_.conv_channels, key_dim = int64_t{s.k_heads} * s.dk, value_dim = int64_t{s.v_heads} * s.dv;
  const int64_t repeat = s.v_heads / s.k_heads;
  const float* a = vector(s.a);
  const float* dt_bias = vector(s.dt_bias);
  constexpr int64_t kTile = 32;
  SLUICE_CHECK(rows.keep == rows.all || rows.all <= kTile);
  threads_.each(s.v_heads, [&](int64_t head, int thread) {
    const int64_t k_head = s.tiled ? head % s.k_heads : head / repeat;
    for (int64_t first = 0; first < rows.all; first += kTile) {
      const int64_t count = std::min(kTile, rows.all - first);
      float decay[kTile], beta[kTile];
      for (int64_t t = 0; t < count; ++t) {
        const int64_t gate = (first + t) * s.v_heads + head;
        decay[t] = std::exp(a[head] * softplus(w_.alpha[gate] + dt_bias[head]));
        beta[t] = sigmoid(w_.beta[gate]);
      }
      const float* row = w_.conv + first * channels;
      const float* q = row + k_head * s.dk;
      float* out = w_.core + first * value_dim + head * s.dv;
      kernels_.delta_rule({q, q + key_dim, row + 2 * key_dim + head * s.dv, channels, decay, beta, count,
                           std::min(count, rows.keep - first), s.dk, s.dv, state + head * s.dk * s.dv,
                           w_.spare + thread * s.dk * kernels::kDeltaRuleColumns, out, value_dim});
      for (int64_t t = 0; t < count; ++t, out += value_dim) {
        kernels_.rms_norm(out, vector(s.norm), s.eps, s.dv, out);
        kernels_.swiglu(w_.gate + (out - w_.core), out, s.dv, out);
      }
    }
  });
}

}  // namespace sluice::device

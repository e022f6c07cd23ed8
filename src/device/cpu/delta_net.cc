// Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464), token after token: the state never leaves the cache of the core
// that owns the head. Prompts take the same path as single tokens, so chunking cannot change a byte.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

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
  const std::array<MatMulJob, 4> in{{{&matrix(s.qkv), w_.normed, h, w_.mixed, channels},
                                     {&matrix(s.z), w_.normed, h, w_.gate, value_dim},
                                     {&matrix(s.beta), w_.normed, h, w_.beta, s.v_heads},
                                     {&matrix(s.alpha), w_.normed, h, w_.alpha, s.v_heads}}};
  matmuls(in, tokens);
  convolve(s, tokens, chunk.state->conv[static_cast<size_t>(s.state_index)]);
  normalise_keys(s, tokens);
  recur(s, tokens, chunk.state->recurrent[static_cast<size_t>(s.state_index)]);
  const MatMulJob out{&matrix(s.out), w_.core, value_dim, w_.output, h};
  matmuls({&out, 1}, tokens);
}

// Causal depthwise convolution and silu. `state` holds the last kernel - 1 inputs, oldest first, before activation.
void CpuDevice::convolve(const model::DeltaNet& s, int64_t tokens, float* state) {
  constexpr int64_t kGrain = 256;
  const int64_t channels = plan_.conv_channels, past = s.kernel - 1;
  const float* taps = vector(s.conv);
  threads_.ranges(channels, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = 0; t < tokens; ++t) {
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
      const int64_t from = tokens + k - past;
      const float* x = from < 0 ? state + (from + past) * channels : w_.mixed + from * channels;
      std::memmove(state + k * channels + begin, x + begin, static_cast<size_t>(end - begin) * sizeof(float));
    }
  });
}

// L2-normalises query and key heads in place; queries are also scaled by dk^-1/2.
void CpuDevice::normalise_keys(const model::DeltaNet& s, int64_t tokens) {
  const int64_t heads = 2 * int64_t{s.k_heads};
  const float q_scale = 1.0f / std::sqrt(static_cast<float>(s.dk));
  threads_.ranges(tokens * heads, 8, [&](int64_t begin, int64_t end, int) {
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
void CpuDevice::recur(const model::DeltaNet& s, int64_t tokens, float* state) {
  const int64_t key_dim = int64_t{s.k_heads} * s.dk, repeat = s.v_heads / s.k_heads;
  const float* a = vector(s.a);
  const float* dt_bias = vector(s.dt_bias);
  threads_.each(s.v_heads, [&](int64_t head, int) {
    const int64_t k_head = s.tiled ? head % s.k_heads : head / repeat;
    for (int64_t t = 0; t < tokens; ++t) {
      const float* row = w_.conv + t * plan_.conv_channels;
      const float* q = row + k_head * s.dk;
      const float decay = std::exp(a[head] * softplus(w_.alpha[t * s.v_heads + head] + dt_bias[head]));
      const float beta = sigmoid(w_.beta[t * s.v_heads + head]);
      const int64_t at = (t * s.v_heads + head) * s.dv;
      float* out = w_.core + at;
      kernels_.delta_rule({q, q + key_dim, row + 2 * key_dim + head * s.dv, 0, &decay, &beta, 1, 1, s.dk, s.dv,
                           state + head * s.dk * s.dv, nullptr, out, 0});
      kernels_.rms_norm(out, vector(s.norm), s.eps, s.dv, out);
      kernels_.swiglu(w_.gate + at, out, s.dv, out);
    }
  });
}

}  // namespace sluice::device

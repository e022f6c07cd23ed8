// Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464), token after token: the state never leaves the cache of the core
// that owns the head. Prompts take the same path as single tokens, so chunking cannot change a byte.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "device/cpu/arithmetic.h"
#include "device/cpu/cpu_device.h"

namespace sluice::device {
namespace {

constexpr float kL2Epsilon = 1e-6f;  // fixed by the family, inside the root, on the sum

// Tokens of a prompt taken at a time, so that a head's rows are still in the caches when its recurrence wants them.
constexpr int64_t kTile = 32;

float softplus(float x) { return x > 20.0f ? x : std::log1p(std::exp(x)); }

// Value head i of those that share a key head.
int64_t value_head(const model::DeltaNet& s, int64_t k_head, int64_t i) {
  return s.tiled ? k_head + i * s.k_heads : k_head * (s.v_heads / s.k_heads) + i;
}

}  // namespace

void CpuDevice::delta_net(const model::DeltaNet& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t h = plan_.hidden, channels = plan_.conv_channels, value_dim = int64_t{s.v_heads} * s.dv;
  const Walk walk = put_held_first(s, chunk);
  const std::array<MatMulJob, 4> in{{{&matrix(s.qkv), w_.normed, h, w_.mixed + walk.held * channels, channels},
                                     {&matrix(s.z), w_.normed, h, w_.gate + walk.held * value_dim, value_dim},
                                     {&matrix(s.beta), w_.normed, h, w_.beta + walk.held * s.v_heads, s.v_heads},
                                     {&matrix(s.alpha), w_.normed, h, w_.alpha + walk.held * s.v_heads, s.v_heads}}};
  matmuls(in, tokens);
  hold_drafts(s, chunk, walk);
  // One region: a key head, its value heads and their channels meet no others until the output's product.
  threads_.each(s.k_heads, [&](int64_t k_head, int thread) {
    for (int64_t t = 0; t < walk.rows; t += kTile) {
      const int64_t count = std::min(kTile, walk.rows - t);
      const Tile tile{t, count, std::min(count, walk.keep - t)};
      convolve(s, k_head, tile, chunk.state->conv[static_cast<size_t>(s.state_index)]);
      recur(s, k_head, tile, chunk.state->recurrent[static_cast<size_t>(s.state_index)],
            w_.spare + thread * s.dk * kernels::kDeltaRuleColumns);
    }
  });
  const MatMulJob out{&matrix(s.out), w_.core + walk.held * value_dim, value_dim, w_.output, h};
  matmuls({&out, 1}, tokens);
}

// Drafts that turned out right are walked once more, the state along, in front of what comes now: their inputs are all
// that it takes.
CpuDevice::Walk CpuDevice::put_held_first(const model::DeltaNet& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size()), held = int64_t{chunk.state->held};
  SLUICE_CHECK(chunk.drafts == 0 || held + tokens <= kTile);  // the state stops in the first tile
  if (held > 0) {
    const HeldDrafts& from = chunk.state->drafts[static_cast<size_t>(s.state_index)];
    std::copy_n(from.inputs, held * plan_.conv_channels, w_.mixed);
    std::copy_n(from.beta, held * s.v_heads, w_.beta);
    std::copy_n(from.alpha, held * s.v_heads, w_.alpha);
    std::fill_n(w_.gate, held * s.v_heads * s.dv, 0.0f);  // of rows whose output nobody wants
  }
  return {held, held + tokens, held + tokens - chunk.drafts};
}

void CpuDevice::hold_drafts(const model::DeltaNet& s, const Chunk& chunk, const Walk& walk) {
  if (chunk.drafts == 0) return;
  const HeldDrafts& to = chunk.state->drafts[static_cast<size_t>(s.state_index)];
  std::copy_n(w_.mixed + walk.keep * plan_.conv_channels, chunk.drafts * plan_.conv_channels, to.inputs);
  std::copy_n(w_.beta + walk.keep * s.v_heads, chunk.drafts * s.v_heads, to.beta);
  std::copy_n(w_.alpha + walk.keep * s.v_heads, chunk.drafts * s.v_heads, to.alpha);
}

// Convolution and silu of a key head's channels (query, key, values), then the L2 norms of query and key; queries are
// also scaled by dk^-1/2. `state` holds the last kernel - 1 inputs, oldest first, before activation.
void CpuDevice::convolve(const model::DeltaNet& s, int64_t k_head, Tile tile, float* state) {
  const int64_t channels = plan_.conv_channels, key_dim = int64_t{s.k_heads} * s.dk, first = tile.first * channels;
  const auto conv = [&](int64_t at, int64_t count) {
    kernels_.short_conv({w_.mixed + first + at, vector(s.conv) + at, state + at, w_.conv + first + at, channels, tile.count,
                         tile.keep, s.kernel, count});
  };
  conv(k_head * s.dk, s.dk);
  conv(key_dim + k_head * s.dk, s.dk);
  for (int64_t i = 0; i < s.v_heads / s.k_heads; ++i) conv(2 * key_dim + value_head(s, k_head, i) * s.dv, s.dv);
  // x / sqrt(sum + eps) is the RMS norm of eps / dk with weights dk^-1/2.
  const float eps = kL2Epsilon / static_cast<float>(s.dk);
  for (int64_t t = tile.first; t < tile.first + tile.count; ++t) {
    float* q = w_.conv + t * channels + k_head * s.dk;
    kernels_.rms_norm(q, w_.query_scale, eps, s.dk, q);
    kernels_.rms_norm(q + key_dim, w_.key_scale, eps, s.dk, q + key_dim);
  }
}

// The delta rule and the gated norm of a key head's value heads.
void CpuDevice::recur(const model::DeltaNet& s, int64_t k_head, Tile tile, float* state, float* spare) {
  const int64_t channels = plan_.conv_channels, key_dim = int64_t{s.k_heads} * s.dk, value_dim = int64_t{s.v_heads} * s.dv;
  const float* rows = w_.conv + tile.first * channels;
  const float* q = rows + k_head * s.dk;
  for (int64_t i = 0; i < s.v_heads / s.k_heads; ++i) {
    const int64_t head = value_head(s, k_head, i);
    const float a = vector(s.a)[head], dt_bias = vector(s.dt_bias)[head];
    float decay[kTile], beta[kTile];
    for (int64_t t = 0; t < tile.count; ++t) {
      const int64_t gate = (tile.first + t) * s.v_heads + head;
      decay[t] = std::exp(a * softplus(w_.alpha[gate] + dt_bias));
      beta[t] = sigmoid(w_.beta[gate]);
    }
    float* out = w_.core + tile.first * value_dim + head * s.dv;
    kernels_.delta_rule({q, q + key_dim, rows + 2 * key_dim + head * s.dv, channels, decay, beta, tile.count, tile.keep, s.dk,
                         s.dv, state + head * s.dk * s.dv, spare, out, value_dim});
    for (int64_t t = 0; t < tile.count; ++t, out += value_dim) {
      kernels_.rms_norm(out, vector(s.norm), s.eps, s.dv, out);
      kernels_.swiglu(w_.gate + (out - w_.core), out, s.dv, out);
    }
  }
}

}  // namespace sluice::device

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
  const auto tokens = static_cast<int64_t>(chunk.tokens.size()), parts = static_cast<int64_t>(chunk.parts.size());
  const int64_t h = plan_.hidden, channels = plan_.conv_channels, value_dim = int64_t{s.v_heads} * s.dv;
  const int64_t held = put_held_first(s, chunk);
  const std::array<MatMulJob, 4> in{{{&matrix(s.qkv), w_.normed, h, w_.mixed + held * channels, channels},
                                     {&matrix(s.z), w_.normed, h, w_.gate + held * value_dim, value_dim},
                                     {&matrix(s.beta), w_.normed, h, w_.beta + held * s.v_heads, s.v_heads},
                                     {&matrix(s.alpha), w_.normed, h, w_.alpha + held * s.v_heads, s.v_heads}}};
  matmuls(in, tokens);
  hold_drafts(s, chunk, held);
  // One region: a key head of a session, its value heads and their channels meet no others until the output's product.
  threads_.each(parts * s.k_heads, [&](int64_t i, int thread) {
    const Part* part = chunk.parts.data();
    int64_t first_held = 0;
    for (int64_t skip = i / s.k_heads; skip > 0; --skip) first_held += part++->state->held;
    float* spare = w_.spare + thread * s.dk * kernels::kDeltaRuleColumns;
    walk(s, *part->state, i % s.k_heads, {first_held, part->state->held, part->state->held}, spare);
    walk(s, *part->state, i % s.k_heads, {held + part->first, part->count, part->count - part->drafts}, spare);
  });
  const MatMulJob out{&matrix(s.out), w_.core + held * value_dim, value_dim, w_.output, h};
  matmuls({&out, 1}, tokens);
}

// Rows of one session through a key head.
void CpuDevice::walk(const model::DeltaNet& s, const State& state, int64_t k_head, Tile rows, float* spare) {
  const auto layer = static_cast<size_t>(s.state_index);
  for (int64_t t = 0; t < rows.count; t += kTile) {
    const int64_t count = std::min(kTile, rows.count - t);
    const Tile tile{rows.first + t, count, std::min(count, rows.keep - t)};
    convolve(s, k_head, tile, state.conv[layer]);
    recur(s, k_head, tile, state.recurrent[layer], spare);
  }
}

// Drafts that turned out right are walked once more, the state along, in front of what comes now: their inputs are all
// that it takes. Returns how many there are.
int64_t CpuDevice::put_held_first(const model::DeltaNet& s, const Chunk& chunk) {
  int64_t rows = 0;
  for (const Part& part : chunk.parts) {
    SLUICE_CHECK(part.drafts == 0 || part.count <= kTile);  // the state stops in the first tile
    const int64_t held = part.state->held;
    if (held == 0) continue;
    const HeldDrafts& from = part.state->drafts[static_cast<size_t>(s.state_index)];
    std::copy_n(from.inputs, held * plan_.conv_channels, w_.mixed + rows * plan_.conv_channels);
    std::copy_n(from.beta, held * s.v_heads, w_.beta + rows * s.v_heads);
    std::copy_n(from.alpha, held * s.v_heads, w_.alpha + rows * s.v_heads);
    rows += held;
  }
  std::fill_n(w_.gate, rows * s.v_heads * s.dv, 0.0f);  // of rows whose output nobody wants
  return rows;
}

void CpuDevice::hold_drafts(const model::DeltaNet& s, const Chunk& chunk, int64_t held) {
  for (const Part& part : chunk.parts) {
    if (part.drafts == 0) continue;
    const HeldDrafts& to = part.state->drafts[static_cast<size_t>(s.state_index)];
    const int64_t from = held + part.first + part.count - part.drafts;
    std::copy_n(w_.mixed + from * plan_.conv_channels, part.drafts * plan_.conv_channels, to.inputs);
    std::copy_n(w_.beta + from * s.v_heads, part.drafts * s.v_heads, to.beta);
    std::copy_n(w_.alpha + from * s.v_heads, part.drafts * s.v_heads, to.alpha);
  }
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

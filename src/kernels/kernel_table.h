// The compute kernels as a table of function pointers, chosen once at start. ref/ fills every slot in plain C++; an
// instruction set's folder overwrites the slots it does better. Device code calls through the table only.
//
// Determinism is part of every contract: a result depends only on the bytes of its own inputs (one weight row and one
// token's activations), never on how many rows or tokens a call covers, so threads and prompt chunks cannot change it.
// No kernel allocates, locks or fails. All activations are float32; pointers to activations are 64-byte aligned at the
// start of a buffer but need not be at the start of a row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/kv_rows.h"
#include "quant/format.h"
#include "sluice/status.h"

namespace sluice::kernels {

// y[t * ldy + r] = sum over c of W[r, c] * x[t * ldx + c], for r in [row_begin, row_end) and t in [0, tokens).
// KernelTable::matmul reads x in float32; integer_matmul reads `quantised` and computes what kernels/integer.h says. What
// a kernel does not read may be null.
struct MatMulArgs {
  const quant::Matrix* w;
  int64_t row_begin, row_end;
  const float* x;
  int64_t ldx;     // floats from one token's activations to the next
  int64_t tokens;
  float* y;
  int64_t ldy;
  const std::byte* quantised = nullptr;  // rows made by `quantise` of the same table, 64-byte aligned
  int64_t ldq = 0;                       // bytes from one to the next
  const std::byte* next = nullptr;       // weights that the thread will read after these, to be asked for in time; or null
};
using MatMulFn = void (*)(const MatMulArgs&);

// Query heads that share a KV head, of consecutive tokens, over one block of that head's rows (formats: kv_rows.h). For
// each token and head, over the rows it sees: score = scale * q . key; the part is sum of exp(score - top) * value, then
// the sum of exp(score - top), then top, the highest score (blockwise softmax: Milakov & Gimelshein 2018,
// arXiv:1805.02867). A part depends on its own query and rows only.
struct AttentionArgs {
  const float* q;          // token t, head h: [head_dim] at q + t * q_token + h * q_head
  int64_t q_token, q_head;
  int64_t tokens, heads;
  const std::byte* keys;   // row p at keys + p * row_stride: one head row
  const std::byte* values; // likewise
  int64_t row_stride;      // bytes
  KvFormat kv;
  int64_t rows;            // in the block, 1 to kAttentionRows
  int64_t seen;            // token t sees the first min(seen + t, rows); at least 1
  int64_t head_dim;
  float scale;
  float* scratch;          // [tokens * heads * kAttentionRows + head_dim]
  float* parts;            // token t, head h: [head_dim + 2] at parts + (t * heads + h) * part_stride
  int64_t part_stride;
};
inline constexpr int64_t kAttentionRows = 256;

// Consecutive tokens of one value head of the gated delta rule (Yang et al. 2024, arXiv:2412.06464), state S in float32.
// For each token in order: S *= decay; d = beta * (v - S^T k); S += k d^T; out = S^T q. Outputs and state are, byte for
// byte, those of as many calls with one token each.
struct DeltaRuleArgs {
  const float* q;          // token t: [dk] at q + t * ldx, L2-normalised and scaled
  const float* k;          // token t: [dk] at k + t * ldx, L2-normalised
  const float* v;          // token t: [dv] at v + t * ldx
  int64_t ldx;             // floats from one token to the next, as all ld*
  const float* decay;      // token t's at decay[t]
  const float* beta;       // likewise
  int64_t tokens;
  int64_t keep;            // 0 to tokens: `state` becomes that after the first `keep` tokens, whatever follows them
  int64_t dk, dv;
  float* state;            // [dk, dv] row-major
  float* scratch;          // [dk * kDeltaRuleColumns]; may be null where keep == tokens
  float* out;              // token t: [dv] at out + t * ldo
  int64_t ldo;
};
inline constexpr int64_t kDeltaRuleColumns = 128;  // most columns of the state that a kernel takes at a time

// Causal depthwise convolution over tokens, then silu, of neighbouring channels: y of token t = silu(sum over k of
// tap k * x of token t - (kernel - 1) + k), oldest first. `state` holds the last kernel - 1 inputs, oldest first, and
// becomes that after the first `keep` tokens. Row i of each array is at i * ld; a channel's result does not depend on its
// place among the channels of a call.
struct ShortConvArgs {
  const float* x;          // [tokens, channels]
  const float* taps;       // [kernel, channels]
  float* state;            // [kernel - 1, channels]
  float* y;                // [tokens, channels]
  int64_t ld;              // floats
  int64_t tokens, keep, kernel, channels;
};

using QuantiseFn = void (*)(const float* x, int64_t begin, int64_t end, int64_t cols, std::byte* row);

struct KernelTable {
  std::string_view name;   // the instruction set that won the matmul slots: "ref", "avx2", "neon" ...
  std::array<MatMulFn, quant::kFormatCount> matmul;           // reads x
  std::array<MatMulFn, quant::kFormatCount> integer_matmul;   // reads quantised; null where a format does not split
  // Quantises x[begin, end) into its part of the row of `cols` values at `row`, which has quantised_bytes(cols) bytes and is
  // 64-byte aligned; x begins at column 0. REQUIRES: all three are multiples of 32.
  QuantiseFn quantise;
  // Both for coarse activations; a null product: integer_matmul serves. select() puts them in the places of the two above.
  QuantiseFn quantise_coarse;
  std::array<MatMulFn, quant::kFormatCount> coarse_matmul;
  // y = x * rsqrt(mean(x^2) + eps) * weight. x may equal y.
  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t n, float* y);
  // y = silu(gate) * up. y may equal gate or up.
  void (*swiglu)(const float* gate, const float* up, int64_t n, float* y);
  void (*axpy)(float a, const float* x, int64_t n, float* y);  // y += a * x
  void (*attention)(const AttentionArgs&);
  // part becomes that of its own rows and those of `next` together.
  void (*attention_merge)(float* part, const float* next, int64_t head_dim);
  // out = the part's values / their sum, times sigmoid(gate) where `gate` is not null.
  void (*attention_finish)(const float* part, const float* gate, int64_t head_dim, float* out);
  void (*delta_rule)(const DeltaRuleArgs&);
  void (*short_conv)(const ShortConvArgs&);
};

// One row of the table of instruction sets, worst to best.
struct InstructionSet {
  std::string_view name;         // as --isa takes it
  std::string_view needs;        // what the processor must have, for messages
  bool (*supported)();           // on this machine
  void (*fill)(KernelTable&);    // overwrites the slots this set has; called on a copy of the row above's table
};
std::span<const InstructionSet> instruction_sets();

// How finely integer products take activations: 16 bits, or 8 (coarse, kernels/integer.h).
enum class ActivationBits { sixteen, eight };

// The table for the named set, or for the best supported one when `isa` is empty. The table lives for ever.
// Errors: invalid (unknown name; lists the names), unsupported (this processor lacks it).
Result<const KernelTable*> select(std::string_view isa, ActivationBits bits = ActivationBits::sixteen);

}  // namespace sluice::kernels

#include <algorithm>
#include <cmath>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {
namespace {

// One query over the rows it sees. `row` is scratch, [head_dim].
void one_query(const AttentionArgs& args, const float* q, int64_t rows, float* scores, float* row, float* part) {
  float top = -INFINITY;
  for (int64_t p = 0; p < rows; ++p) {
    kv_decode(args.kv, args.keys + p * args.row_stride, args.head_dim, row);
    scores[p] = args.scale * dot(q, row, args.head_dim);
    top = std::max(top, scores[p]);
  }
  std::fill_n(part, args.head_dim, 0.0f);
  float sum = 0;
  for (int64_t p = 0; p < rows; ++p) {
    const float e = std::exp(scores[p] - top);  // at most 1: the highest score is taken off first
    sum += e;
    kv_decode(args.kv, args.values + p * args.row_stride, args.head_dim, row);
    for (int64_t i = 0; i < args.head_dim; ++i) part[i] += e * row[i];
  }
  part[args.head_dim] = sum;
  part[args.head_dim + 1] = top;
}

}  // namespace

void attention(const AttentionArgs& args) {
  const int64_t queries = args.tokens * args.heads;
  float* row = args.scratch + queries * kAttentionRows;
  for (int64_t i = 0; i < queries; ++i) {
    const int64_t token = i / args.heads, head = i % args.heads;
    one_query(args, args.q + token * args.q_token + head * args.q_head, std::min(args.seen + token, args.rows),
              args.scratch + i * kAttentionRows, row, args.parts + i * args.part_stride);
  }
}

void attention_merge(float* part, const float* next, int64_t head_dim) {
  const float top = std::max(part[head_dim + 1], next[head_dim + 1]);
  const float ours = std::exp(part[head_dim + 1] - top), theirs = std::exp(next[head_dim + 1] - top);
  for (int64_t i = 0; i <= head_dim; ++i) part[i] = ours * part[i] + theirs * next[i];  // the values and their sum
  part[head_dim + 1] = top;
}

void attention_finish(const float* part, const float* gate, int64_t head_dim, float* out) {
  const float inverse = 1.0f / part[head_dim];
  for (int64_t i = 0; i < head_dim; ++i) {
    out[i] = part[i] * inverse;
    if (gate != nullptr) out[i] /= 1.0f + std::exp(-gate[i]);
  }
}

}  // namespace sluice::kernels::ref

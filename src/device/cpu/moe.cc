// Routing, and the routed experts of a chunk as they become ready.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "device/cpu/arithmetic.h"
#include "device/cpu/cpu_device.h"
#include "kernels/integer.h"

namespace sluice::device {

Status CpuDevice::route(const model::Route& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const MatMulJob job{&matrix(s.router), w_.normed, plan_.hidden, w_.router, s.experts};
  matmuls({&job, 1}, tokens);
  threads_.ranges(tokens, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      if (chunk.routes == nullptr) choose(s, t);
      else chunk.routes->replace(s.moe_index, t, {w_.chosen + t * s.top_k, static_cast<size_t>(s.top_k)});
      weigh(s, t);
    }
  });
  group(s, tokens);
  return chunk.port->begin({s.moe_index, w_.wanted, w_.uses, chunk.prompt});
}

// The top k of softmax(router), in descending order, ties to the lower index. A NaN counts as the smallest value.
void CpuDevice::choose(const model::Route& s, int64_t token) {
  const float* logits = w_.router + token * s.experts;
  int32_t* chosen = w_.chosen + token * s.top_k;
  auto value = [&](int32_t e) { return std::isnan(logits[e]) ? -std::numeric_limits<float>::infinity() : logits[e]; };
  int32_t filled = 0;
  for (int32_t e = 0; e < s.experts; ++e) {
    const float v = value(e);
    if (filled == s.top_k && v <= value(chosen[filled - 1])) continue;
    int32_t at = filled < s.top_k ? filled++ : filled - 1;
    for (; at > 0 && value(chosen[at - 1]) < v; --at) chosen[at] = chosen[at - 1];
    chosen[at] = e;
  }
}

// The weights of the experts chosen: their softmax over all experts.
void CpuDevice::weigh(const model::Route& s, int64_t token) {
  const float* logits = w_.router + token * s.experts;
  const int32_t* chosen = w_.chosen + token * s.top_k;
  float* weights = w_.weights + token * s.top_k;
  auto value = [&](int32_t e) { return std::isnan(logits[e]) ? -std::numeric_limits<float>::infinity() : logits[e]; };
  float most = -std::numeric_limits<float>::infinity();
  for (int32_t k = 0; k < s.top_k; ++k) most = std::max(most, value(chosen[k]));
  float all = 0.0f, top = 0.0f;
  for (int32_t e = 0; e < s.experts; ++e) all += std::exp(value(e) - most);
  for (int32_t k = 0; k < s.top_k; ++k) {
    weights[k] = std::exp(value(chosen[k]) - most) / all;
    top += weights[k];
  }
  if (!s.renormalise) return;
  for (int32_t k = 0; k < s.top_k; ++k) weights[k] /= top;
}

// Counting sort of the chunk's (token, rank) pairs by expert: first[e] .. first[e + 1] are expert e's rows of the
// grouped buffers. One token keeps routing order, most weight first; a prompt asks in file order.
void CpuDevice::group(const model::Route& s, int64_t tokens) {
  const int64_t pairs = tokens * s.top_k;
  std::fill(w_.first.begin(), w_.first.end(), 0);
  for (int64_t i = 0; i < pairs; ++i) ++w_.first[static_cast<size_t>(w_.chosen[i]) + 1];
  w_.wanted.clear();
  w_.uses.clear();
  if (tokens == 1) {
    w_.wanted.assign(w_.chosen, w_.chosen + s.top_k);
  } else {
    for (int32_t e = 0; e < s.experts; ++e) {
      if (w_.first[static_cast<size_t>(e) + 1] > 0) w_.wanted.push_back(e);
    }
  }
  for (const int32_t e : w_.wanted) w_.uses.push_back(w_.first[static_cast<size_t>(e) + 1]);
  for (size_t e = 1; e < w_.first.size(); ++e) w_.first[e] += w_.first[e - 1];
  for (int64_t i = 0; i < pairs; ++i) w_.place[i] = w_.first[static_cast<size_t>(w_.chosen[i])]++;
  for (size_t e = w_.first.size() - 1; e > 0; --e) w_.first[e] = w_.first[e - 1];
  w_.first[0] = 0;

  // Each row as the experts take it; gate and up may take it differently.
  const model::ExpertLayer& layer = plan_.expert_layers[static_cast<size_t>(s.moe_index)];
  const bool gate = quant::splits_into_integers(layer.gate.shape), up = quant::splits_into_integers(layer.up.shape);
  const int64_t h = plan_.hidden, floats = h * static_cast<int64_t>(sizeof(float)), integers = kernels::quantised_bytes(h);
  const auto gather = [&](int64_t pair, auto* to, const auto* from, int64_t bytes) {
    std::memcpy(reinterpret_cast<std::byte*>(to) + w_.place[pair] * bytes,
                reinterpret_cast<const std::byte*>(from) + pair / s.top_k * bytes, static_cast<size_t>(bytes));
  };
  threads_.ranges(tokens, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin * s.top_k; i < end * s.top_k; ++i) {
      if (gate || up) gather(i, w_.gathered_quantised, w_.normed_quantised, integers);
      if (!gate || !up) gather(i, w_.gathered, w_.normed, floats);
    }
  });
}

// Look-ahead: the next router on the state that enters its layer, one step of attention early. Leaves nothing behind that
// a later step reads.
void CpuDevice::forecast(const model::Norm& n, const model::Route& s, const Chunk& chunk, std::vector<int32_t>& out) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  out.clear();
  if (chunk.routes == nullptr) {
    norm(n, tokens);
    const MatMulJob job{&(*forecast_routers_)[static_cast<size_t>(s.moe_index)], w_.normed, plan_.hidden, w_.router, s.experts};
    matmuls({&job, 1}, tokens);
    threads_.ranges(tokens, 8, [&](int64_t begin, int64_t end, int) {
      for (int64_t t = begin; t < end; ++t) choose(s, t);
    });
  } else {
    for (int64_t t = 0; t < tokens; ++t) {
      chunk.routes->forecast(s.moe_index, t, {w_.chosen + t * s.top_k, static_cast<size_t>(s.top_k)});
    }
  }
  if (tokens == 1) {
    out.assign(w_.chosen, w_.chosen + s.top_k);
    return;
  }
  std::fill(w_.first.begin(), w_.first.end(), 0);
  for (int64_t i = 0; i < tokens * s.top_k; ++i) ++w_.first[static_cast<size_t>(w_.chosen[i])];
  // Those that an average share of the tokens, or more, seem to want: surest first, since the time for reading is short.
  const auto uses = [&](int32_t e) { return w_.first[static_cast<size_t>(e)]; };
  const auto least = static_cast<int32_t>(std::max<int64_t>(tokens * s.top_k / s.experts, 1));
  for (int32_t e = 0; e < s.experts; ++e) {
    if (uses(e) >= least) out.push_back(e);
  }
  std::sort(out.begin(), out.end(), [&](int32_t a, int32_t b) { return uses(a) != uses(b) ? uses(a) > uses(b) : a < b; });
}

Status CpuDevice::experts(const model::Experts& s, const Chunk& chunk) {
  // Small batches keep slots turning over while a prompt wants more experts than there are slots.
  std::array<ReadyExpert, 16> ready;
  for (size_t done = 0; done < w_.wanted.size();) {
    SLUICE_TRY(const int32_t count, chunk.port->next(ready));
    const auto batch = std::span<const ReadyExpert>(ready).first(static_cast<size_t>(count));
    run_ready(s, batch);
    chunk.port->release(batch);
    done += batch.size();
  }
  sum_experts(s, static_cast<int64_t>(chunk.tokens.size()));
  return {};
}

// Two parallel regions for the whole batch: gate, up and SwiGLU by rows of width, then down by rows of hidden.
void CpuDevice::run_ready(const model::Experts& s, std::span<const ReadyExpert> ready) {
  const model::ExpertLayer& layer = plan_.expert_layers[static_cast<size_t>(s.moe_index)];
  const int64_t h = plan_.hidden, width = s.width;
  const int64_t ldq = kernels::quantised_bytes(h), down_ldq = kernels::quantised_bytes(width);
  const bool integer = quant::splits_into_integers(layer.down.shape);
  struct Rows {
    int64_t first, count;
  };
  auto rows_of = [&](const ReadyExpert& r) {
    const auto e = static_cast<size_t>(w_.wanted[static_cast<size_t>(r.index)]);
    return Rows{w_.first[e], w_.first[e + 1] - w_.first[e]};
  };
  const auto of_next = [&](const model::SlotMatrix& m, size_t i) {
    return i + 1 < ready.size() ? m.at(ready[i + 1].parts).data : nullptr;
  };
  // Every expert's rows, padded to the grain, one after the other.
  auto for_rows = [&](int64_t rows, int64_t cols, auto&& body) {
    const int64_t padded = (rows + kRowGrain - 1) / kRowGrain * kRowGrain;
    threads_.ranges(padded * static_cast<int64_t>(ready.size()), grain_for(cols, 1), [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin / padded; i * padded < end; ++i) {
        const int64_t b = std::max(begin - i * padded, int64_t{0}), e = std::min(end - i * padded, rows);
        if (b < e) body(static_cast<size_t>(i), b, e);
      }
    });
  };
  for_rows(width, 2 * h, [&](size_t i, int64_t begin, int64_t end) {
    const ReadyExpert& r = ready[i];
    const Rows rows = rows_of(r);
    const quant::Matrix gate = layer.gate.at(r.parts), up = layer.up.at(r.parts);
    const Input in{w_.gathered + rows.first * h, h, w_.gathered_quantised + rows.first * ldq, ldq};
    float* g = w_.expert_gate + rows.first * width;
    float* u = w_.expert_up + rows.first * width;
    matmul_rows(gate, in, g, width, begin, end, rows.count, row_at(up, begin));
    matmul_rows(up, in, u, width, begin, end, rows.count, what_follows(gate, end, of_next(layer.gate, i)));
    swiglu_rows(g, u, width, begin, end, rows.count, integer ? w_.expert_quantised + rows.first * down_ldq : nullptr);
  });
  for_rows(h, width, [&](size_t i, int64_t begin, int64_t end) {
    const ReadyExpert& r = ready[i];
    const Rows rows = rows_of(r);
    const quant::Matrix down = layer.down.at(r.parts);
    const Input in{w_.expert_gate + rows.first * width, width, w_.expert_quantised + rows.first * down_ldq, down_ldq};
    const std::byte* next = what_follows(down, end, of_next(layer.down, i));
    matmul_rows(down, in, w_.expert_out + rows.first * h, h, begin, end, rows.count, next);
  });
}

void CpuDevice::sum_experts(const model::Experts& s, int64_t tokens) {
  const int64_t h = plan_.hidden, k = plan_.top_k;
  threads_.ranges(tokens, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      float* out = w_.output + t * h;
      std::fill(out, out + h, 0.0f);
      for (int64_t i = t * k; i < (t + 1) * k; ++i) {
        kernels_.axpy(w_.weights[i], w_.expert_out + w_.place[i] * h, h, out);
      }
      if (s.add_shared) kernels_.axpy(1.0f, w_.shared + t * h, h, out);
    }
  });
}

}  // namespace sluice::device

// Runs steps on the CPU: complete, and the reference for every other device.
//
// Determinism: each output value is computed by one thread from its own inputs in a fixed order (kernels/kernel_table.h),
// and experts are summed in routing order whatever order they arrive in. So threads, chunking, cache size and arrival
// order never change a byte.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/threads.h"
#include "device/cpu/forecast_routers.h"
#include "device/cpu/workspace.h"
#include "device/expert_port.h"
#include "device/route_source.h"
#include "device/state.h"
#include "kernels/kernel_table.h"
#include "model/plan.h"
#include "model/trunk.h"

namespace sluice::device {

// Consecutive tokens of one session.
struct Part {
  State* state;                      // position is that of the first token; the caller advances it
  int64_t first, count;              // of the chunk's tokens
  int64_t drafts = 0;                // the last so many may be wrong: held, not taken into the recurrent states
};

// Tokens that go through the model together: of one session, or of several. What comes out for a token does not depend on
// its company.
struct Chunk {
  std::span<const int32_t> tokens;   // at most Workspace::tokens
  std::span<const Part> parts;       // 1 to kMostParts, which cover the tokens in order
  ExpertPort* port;
  int64_t first_logits;              // logits are wanted for tokens[first_logits ...]
  float* logits;                     // [tokens.size() - first_logits, vocab]
  RouteSource* routes = nullptr;     // chooses the experts in place of the routers
  bool prompt = false;               // of a prompt: experts are wanted in file order, and many of them once
  const float* hidden = nullptr;     // [tokens.size(), H] for Join: the state of the position before each token
};

class CpuDevice {
 public:
  // All borrowed, all must outlive the device. Not thread-safe.
  CpuDevice(const model::Plan& plan, const model::Trunk& trunk, const kernels::KernelTable& kernels, ThreadPool& threads,
            Workspace&& workspace);

  // Errors: only from the port.
  Status run(const model::Step& step, const Chunk& chunk);

  // Takes the memory that forecasts need, ForecastRouters::bytes.
  void prepare_forecasts() { forecast_routers_.emplace(plan_, trunk_); }

  // The experts that `route` will probably choose for the chunk, from the state that enters its layer: a token's in rank
  // order; of a prompt those that many tokens seem to want, most first. To be called between layers; `out` has room for all
  // experts of a layer. REQUIRES: prepare_forecasts; `norm` is the one in front of `route`.
  void forecast(const model::Norm& norm, const model::Route& route, const Chunk& chunk, std::vector<int32_t>& out);

  // For tests and the golden comparison: what the steps so far left behind.
  const Workspace& workspace() const { return w_; }

 private:
  struct MatMulJob {
    const quant::Matrix* w;
    const float* x;
    int64_t ldx;
    float* y;
    int64_t ldy;
  };

  void embed(const model::Embed& s, const Chunk& chunk);
  void join(const model::Join& s, const Chunk& chunk);
  void norm(const model::Norm& s, int64_t tokens);
  void add(int64_t tokens);
  void attention(const model::Attention& s, const Chunk& chunk);
  // Tokens of a part whose queries are taken through the KV rows together; `first` counts from the chunk's beginning.
  struct Queries {
    const Part* part;
    int64_t first, count;
  };
  static int64_t tiles_of(const Part& part);
  static Queries tile(const Chunk& chunk, int64_t index);
  void place_rows(const model::Attention& s, const Chunk& chunk);
  void attend(const model::Attention& s, Queries queries, int64_t kv_head, int thread);
  void attend_together(const model::Attention& s, Queries queries);
  void attend_block(const model::Attention& s, Queries queries, int64_t kv_head, int64_t block, int thread, float* parts);
  void finish(const model::Attention& s, int64_t token, int64_t head, const float* part);
  void rotate(float* head, int64_t token) const;
  void delta_net(const model::DeltaNet& s, const Chunk& chunk);
  // Rows of the delta net's buffers: the drafts that all parts hold since their last passes, then the chunk's tokens.
  struct Tile {
    int64_t first, count, keep;  // keep: of them, those that the state takes in
  };
  int64_t put_held_first(const model::DeltaNet& s, const Chunk& chunk);
  void hold_drafts(const model::DeltaNet& s, const Chunk& chunk, int64_t held);
  void walk(const model::DeltaNet& s, const State& state, int64_t k_head, Tile rows, float* spare);
  void convolve(const model::DeltaNet& s, int64_t k_head, Tile tile, float* state);
  void recur(const model::DeltaNet& s, int64_t k_head, Tile tile, float* state, float* spare);
  Status route(const model::Route& s, const Chunk& chunk);
  void choose(const model::Route& s, int64_t token);
  void weigh(const model::Route& s, int64_t token);
  void group(const model::Route& s, int64_t tokens);
  void shared_ffn(const model::SharedFfn& s, int64_t tokens);
  Status experts(const model::Experts& s, const Chunk& chunk);
  void run_ready(const model::Experts& s, std::span<const ReadyExpert> ready);
  void sum_experts(const model::Experts& s, int64_t tokens);
  void head(const model::Head& s, const Chunk& chunk);

  // Activations as a product takes them: in float32 and, where some matrix wants them so, quantised (kernels/integer.h).
  struct Input {
    const float* x;
    int64_t ldx;
    const std::byte* quantised = nullptr;
    int64_t ldq = 0;
  };
  // products.cc
  // All products of one token batch, of the same activations, in one parallel region.
  void matmuls(std::span<const MatMulJob> jobs, int64_t tokens);
  Input input(const float* x, int64_t ldx, int64_t cols, int64_t tokens, bool quantised);
  void matmul_rows(const quant::Matrix& w, const Input& in, float* y, int64_t ldy, int64_t begin, int64_t end,
                   int64_t tokens, const std::byte* next = nullptr) const;
  // The activations of a gated FFN's rows [begin, end): silu(gate) * up, left in g and, if not null, quantised.
  void swiglu_rows(float* g, const float* u, int64_t width, int64_t begin, int64_t end, int64_t tokens,
                   std::byte* quantised) const;
  const quant::Matrix& matrix(model::MatrixId id) const { return trunk_.matrices[static_cast<size_t>(id)]; }
  const float* vector(model::VectorId id) const { return trunk_.vectors[static_cast<size_t>(id)].data(); }

  const model::Plan& plan_;
  const model::Trunk& trunk_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  Workspace w_;
  bool quantise_normed_;  // some matrix takes the normed activations in integers
  std::optional<ForecastRouters> forecast_routers_;
};

}  // namespace sluice::device

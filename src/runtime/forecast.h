// The arithmetic of a forecast: what a token costs, what a cache will miss, and how the two overlap.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cache/policy.h"
#include "cache/routes.h"
#include "kernels/kv_rows.h"
#include "model/plan.h"
#include "sluice/forecast.h"

namespace sluice::runtime {

// How much of what the machine can do is reached, and what a layer costs besides. Here and nowhere else; to be set by
// what `sluice bench` measures.
struct Efficiency {
  double ram = 0.80;             // of the read sweep, by products of a matrix with one vector
  double ssd = 0.85;             // of doctor's rate, by the reads of a layer
  double first_read_s = 200e-6;  // from the routers' choice to the first record's arrival, besides its transfer
  double layer_s = 50e-6;        // barriers, norms and what else does not grow with the weights
  double lookahead = 0.30;       // of the misses, read before they are asked for if there is time
  double prompt = 3.0;           // a prompt's products do so many times the work of a token's in the same time
  // Weights a thread multiplies in a second, by instruction set (docs/lab/2026-11-24-integer-products.md).
  double avx512_vnni_gb_s = 16, avx512_gb_s = 10, avx2_gb_s = 8, ref_gb_s = 0.26;
};
inline constexpr Efficiency kEfficiency;

// What a token touches in one layer, in bytes.
struct LayerWork {
  double trunk = 0;   // attention or delta net, router, norms
  double shared = 0;  // the shared expert: computed while reads fly
  double record = 0;  // one expert; 0: the layer has none
};

struct TokenWork {
  std::vector<LayerWork> layers;
  double head = 0;
  double state = 0;  // recurrent states read and written, KV rows read
  int32_t top_k = 0;

  double trunk() const;    // D: trunk and head
  double experts() const;  // A
};
TokenWork token_work(const model::Plan& plan, int64_t context, kernels::KvFormat kv);

// How often a layer's token misses 0, 1 ... k of its experts, and what a prompt's chunk touches and misses of a layer.
struct MissForecast {
  std::vector<double> chance;  // [k + 1], sums to 1
  double chunk_touched = 0, chunk_missed = 0;

  double mean() const;
};
struct CacheForecast {
  MissForecast cold, warm;
};
// Replays routes on a cache of `slots`. Only as many layers as it takes are replayed, with their share of the slots:
// layers are alike. REQUIRES: slots >= k * layers.
CacheForecast forecast_cache(const cache::RouteTrace& trace, int32_t layers, int32_t slots, int32_t chunk,
                             const cache::PolicyRow& policy);

struct MachineRates {
  double ssd_gb_s = 0, ram_gb_s = 0;
  double compute_gb_s = 0;  // weights that all threads multiply a second when memory is no bound
};

double token_seconds(const TokenWork& work, const MissForecast& misses, const MachineRates& machine, bool lookahead);
double prompt_seconds(const TokenWork& work, const MissForecast& misses, const MachineRates& machine, int32_t chunk);

// t_ssd, t_ram and the limit of the two; the rates' as measured, without any efficiency.
void set_limit(const TokenWork& work, const MachineRates& machine, SpeedForecast& speed);

}  // namespace sluice::runtime

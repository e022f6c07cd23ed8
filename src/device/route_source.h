// Experts in place of those the routers pick: recorded or made-up routes, to measure a machine with a model whose own
// routers mean nothing. Implemented by runtime; only benchmarks have one.
#pragma once

#include <cstdint>
#include <span>

namespace sluice::device {

// One caller at a time.
class RouteSource {
 public:
  virtual ~RouteSource() = default;

  // Another chunk of so many tokens comes.
  virtual void begin_chunk(int64_t tokens) = 0;

  // The experts of token t of the chunk at a layer, in rank order. `chosen` is [top_k].
  virtual void replace(int32_t moe_index, int64_t token, std::span<int32_t> chosen) = 0;

  // What look-ahead would have guessed for them, a layer earlier.
  virtual void forecast(int32_t moe_index, int64_t token, std::span<int32_t> chosen) = 0;
};

}  // namespace sluice::device

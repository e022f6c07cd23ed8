// Routes put in place of the routers' choice, and routes written down: for `bench --routes` and `--record-routes`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cache/route_model.h"
#include "cache/routes.h"
#include "device/route_source.h"
#include "sluice/status.h"

namespace sluice::runtime {

// How often a made-up forecast names an expert that is then chosen. Next-layer routers named 59 to 89 % of all experts
// in the measurements of techniques.md, section 4, and fewer of those that are missing: the lower end, to promise little.
inline constexpr double kAssumedForecast = 0.6;

// Chosen experts from a trace, over and over, or made up without end.
class PlayedRoutes final : public device::RouteSource {
 public:
  // `name`: a preset of cache/route_model.h, or a file in a form of cache/routes.h. Errors: invalid (routes of another
  // shape than the model's, an unknown name), and those of reading the file.
  static Result<std::unique_ptr<PlayedRoutes>> make(const std::string& name, const cache::RouteShape& shape);

  void begin_chunk(int64_t tokens) override;
  void replace(int32_t moe_index, int64_t token, std::span<int32_t> chosen) override;
  void forecast(int32_t moe_index, int64_t token, std::span<int32_t> chosen) override;

  const std::string& title() const { return title_; }  // for Stats::routes

 private:
  explicit PlayedRoutes(const cache::RouteShape& shape) : shape_(shape) {}
  void next_token(uint16_t* ids);
  const uint16_t* at(int32_t moe_index, int64_t token) const;
  uint32_t draw();

  const cache::RouteShape shape_;
  std::string title_;
  std::unique_ptr<cache::RouteTrace> trace_;
  std::unique_ptr<cache::RouteModel> model_;
  int32_t turn_tokens_ = 0;
  int64_t played_ = 0;            // tokens
  std::vector<uint16_t> ids_;     // of the chunk, [tokens][layers][k]
  uint64_t random_ = 0x9e3779b97f4a7c15;
};

// Keeps what was chosen and writes it as a trace.
class RouteRecorder {
 public:
  RouteRecorder(std::string path, const cache::RouteShape& shape);

  // The experts of a chunk at a layer, [tokens, k].
  void routed(int32_t moe_index, std::span<const int32_t> chosen);
  void end_chunk(int64_t tokens);

  // Everything so far, under its name whole or not at all. Errors: io; over_budget (the trace is full).
  Status write();

 private:
  const std::string path_;
  cache::RouteTrace trace_;
  std::vector<uint16_t> ids_;     // of the chunk
  int32_t turn_ = 0;
  bool in_prompt_ = false;
  Status recorded_;
};

}  // namespace sluice::runtime

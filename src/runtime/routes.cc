#include "runtime/routes.h"

#include <fmt/format.h>

#include "io/file.h"
#include "store/atomic_file.h"

namespace sluice::runtime {
namespace {

constexpr uint64_t kMostTraceBytes = uint64_t{256} << 20;
constexpr uint64_t kSeed = 1;

std::string shape_text(const cache::RouteShape& s) {
  return fmt::format("{} layers of {} experts, {} a token", s.layers, s.experts, s.k);
}

Result<std::string> read_trace_file(const std::string& name) {
  auto bytes = io::read_text(name, kMostTraceBytes);
  if (bytes.ok() || bytes.error().code != Code::not_found) return bytes;
  std::string presets;
  for (const cache::RoutePreset& p : cache::route_presets()) presets += (presets.empty() ? "" : ", ") + std::string(p.name);
  return Error{Code::invalid, fmt::format("--routes {}: neither a file nor one of {}", name, presets)};
}

}  // namespace

Result<std::unique_ptr<PlayedRoutes>> PlayedRoutes::make(const std::string& name, const cache::RouteShape& shape) {
  SLUICE_TRY_VOID(cache::check_route_shape(shape));
  auto out = std::unique_ptr<PlayedRoutes>(new PlayedRoutes(shape));
  const std::string forecast = fmt::format(", forecast {:.0f} % right (assumed)", 100 * kAssumedForecast);
  out->title_ = name + forecast;
  if (const cache::RoutePreset* preset = cache::route_preset(name)) {
    out->model_ = std::make_unique<cache::RouteModel>(shape, preset->habits, kSeed);
    out->turn_tokens_ = preset->habits.turn_tokens;
    return out;
  }
  SLUICE_TRY(const std::string bytes, read_trace_file(name));
  auto trace = cache::read_routes(bytes);
  if (!trace.ok()) return std::move(trace).error().within(name);
  if (trace->shape() != shape || trace->tokens() == 0) {
    return Error{Code::invalid, fmt::format("--routes {}: {} tokens through {}; the model has {}", name, trace->tokens(),
                                            shape_text(trace->shape()), shape_text(shape))};
  }
  out->trace_ = std::make_unique<cache::RouteTrace>(std::move(trace).value());
  return out;
}

void PlayedRoutes::begin_chunk(int64_t tokens) {
  const size_t token = static_cast<size_t>(shape_.layers) * static_cast<size_t>(shape_.k);
  ids_.resize(static_cast<size_t>(tokens) * token);
  if (tokens > 1 && model_ != nullptr) model_->begin_turn();
  for (int64_t t = 0; t < tokens; ++t) next_token(ids_.data() + static_cast<size_t>(t) * token);
}

void PlayedRoutes::next_token(uint16_t* ids) {
  const size_t k = static_cast<size_t>(shape_.k);
  if (model_ != nullptr) {
    if (turn_tokens_ > 0 && played_ > 0 && played_ % turn_tokens_ == 0) model_->begin_turn();
    model_->next({ids, static_cast<size_t>(shape_.layers) * k});
  } else {
    const size_t token = static_cast<size_t>(played_) % trace_->tokens();
    for (int32_t layer = 0; layer < shape_.layers; ++layer) {
      const auto chosen = trace_->experts(token, layer);
      // A layer that was not run for a recorded token: any experts will do, the same ones every time.
      for (size_t i = 0; i < k; ++i) *ids++ = chosen.empty() ? static_cast<uint16_t>(i) : chosen[i];
    }
  }
  ++played_;
}

const uint16_t* PlayedRoutes::at(int32_t moe_index, int64_t token) const {
  return ids_.data() + (static_cast<size_t>(token) * static_cast<size_t>(shape_.layers) + static_cast<size_t>(moe_index)) *
                           static_cast<size_t>(shape_.k);
}

void PlayedRoutes::replace(int32_t moe_index, int64_t token, std::span<int32_t> chosen) {
  const uint16_t* ids = at(moe_index, token);
  for (size_t i = 0; i < chosen.size(); ++i) chosen[i] = ids[i];
}

void PlayedRoutes::forecast(int32_t moe_index, int64_t token, std::span<int32_t> chosen) {
  const uint16_t* ids = at(moe_index, token);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const bool right = draw() < static_cast<uint32_t>(kAssumedForecast * UINT32_MAX);
    chosen[i] = right ? ids[i] : static_cast<int32_t>(draw() % static_cast<uint32_t>(shape_.experts));
  }
}

// SplitMix64: the same guesses in every run.
uint32_t PlayedRoutes::draw() {
  uint64_t z = random_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<uint32_t>((z ^ (z >> 31)) >> 32);
}

RouteRecorder::RouteRecorder(std::string path, const cache::RouteShape& shape) : path_(std::move(path)), trace_(shape) {}

void RouteRecorder::routed(int32_t moe_index, std::span<const int32_t> chosen) {
  const auto k = static_cast<size_t>(trace_.shape().k), layers = static_cast<size_t>(trace_.shape().layers);
  const size_t tokens = chosen.size() / k;
  if (ids_.size() != tokens * layers * k) ids_.assign(tokens * layers * k, cache::kNoExpert);
  for (size_t t = 0; t < tokens; ++t) {
    for (size_t i = 0; i < k; ++i) {
      ids_[(t * layers + static_cast<size_t>(moe_index)) * k + i] = static_cast<uint16_t>(chosen[t * k + i]);
    }
  }
}

void RouteRecorder::end_chunk(int64_t tokens) {
  const bool prompt = tokens > 1;
  if (prompt && !in_prompt_) ++turn_;
  in_prompt_ = prompt;
  const size_t token = ids_.size() / static_cast<size_t>(tokens);
  for (int64_t t = 0; t < tokens && recorded_.ok(); ++t) {
    recorded_ = trace_.append(turn_, prompt ? cache::RoutePhase::prompt : cache::RoutePhase::decode,
                            std::span(ids_).subspan(static_cast<size_t>(t) * token, token));
  }
  ids_.clear();
}

Status RouteRecorder::write() {
  if (!recorded_.ok()) return recorded_;
  const std::string bytes = cache::write_routes(trace_);
  SLUICE_TRY(store::AtomicFile file, store::AtomicFile::create(path_, bytes.size()));
  SLUICE_TRY_VOID(file.write(0, std::as_bytes(std::span(bytes))));
  return file.finish();
}

}  // namespace sluice::runtime

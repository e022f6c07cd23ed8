#include "cache/routes.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::cache {

namespace {

constexpr std::string_view kMagic = "SLROUTES";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 24;
constexpr int32_t kMaxLayers = 4096, kMaxExperts = 65535, kMaxK = 1024;
constexpr size_t kMaxIds = size_t{64} << 20;

size_t ids_per_token(const RouteShape& shape) {
  return static_cast<size_t>(shape.layers) * static_cast<size_t>(shape.k);
}

void put_u16(uint32_t value, std::string& out) {
  out.push_back(static_cast<char>(value & 0xFF));
  out.push_back(static_cast<char>(value >> 8 & 0xFF));
}

void put_u32(uint32_t value, std::string& out) {
  put_u16(value & 0xFFFF, out);
  put_u16(value >> 16, out);
}

uint16_t get_u16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) | static_cast<uint8_t>(bytes[at + 1]) << 8);
}

uint32_t get_u32(std::string_view bytes, size_t at) {
  return get_u16(bytes, at) | static_cast<uint32_t>(get_u16(bytes, at + 2)) << 16;
}

Error bad_size(std::string_view name, int64_t value, int64_t limit) {
  return {Code::invalid,
          std::string(name) + " is " + std::to_string(value) + ", not within 1.." + std::to_string(limit)};
}

// The k experts of one layer: all in range and distinct, or all kNoExpert.
bool valid_layer(std::span<const uint16_t> ids, int32_t experts) {
  if (std::all_of(ids.begin(), ids.end(), [](uint16_t id) { return id == kNoExpert; })) return true;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= experts || std::find(ids.begin(), ids.begin() + i, ids[i]) != ids.begin() + i) return false;
  }
  return true;
}

}  // namespace

Status check_route_shape(const RouteShape& shape) {
  if (shape.layers < 1 || shape.layers > kMaxLayers) return bad_size("layers", shape.layers, kMaxLayers);
  if (shape.experts < 1 || shape.experts > kMaxExperts) return bad_size("experts", shape.experts, kMaxExperts);
  const int32_t most = std::min(shape.experts, kMaxK);
  if (shape.k < 1 || shape.k > most) return bad_size("experts a token", shape.k, most);
  return {};
}

RouteTrace::RouteTrace(const RouteShape& shape) : shape_(shape) {
  SLUICE_CHECK(check_route_shape(shape).ok());
}

std::span<const uint16_t> RouteTrace::experts(size_t token, int32_t layer) const {
  SLUICE_CHECK(token < tokens_.size() && layer >= 0 && layer < shape_.layers);
  const size_t k = static_cast<size_t>(shape_.k);
  const std::span<const uint16_t> ids(&ids_[token * ids_per_token(shape_) + static_cast<size_t>(layer) * k], k);
  return ids[0] == kNoExpert ? ids.first(0) : ids;
}

Status RouteTrace::append(int32_t turn, RoutePhase phase, std::span<const uint16_t> ids) {
  const std::string where = "token " + std::to_string(tokens_.size());
  if (turn < 0 || turn > 0xFFFF)
    return Error{Code::invalid, where + ": turn " + std::to_string(turn) + " is not a u16"};
  if (ids.size() != ids_per_token(shape_)) return Error{Code::invalid, where + ": wrong number of experts"};
  if (ids_.size() + ids.size() > kMaxIds) return Error{Code::over_budget, where + ": the trace is too long"};
  const size_t k = static_cast<size_t>(shape_.k);
  for (size_t layer = 0; layer < static_cast<size_t>(shape_.layers); ++layer) {
    if (valid_layer(ids.subspan(layer * k, k), shape_.experts)) continue;
    return Error{Code::invalid,
                 where + " layer " + std::to_string(layer) + ": experts are missing, twice or too large"};
  }
  tokens_.push_back({static_cast<uint16_t>(turn), phase});
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  return {};
}

Result<RouteTrace> read_routes(std::string_view bytes) {
  return bytes.starts_with(kMagic) ? read_routes_binary(bytes) : read_routes_csv(bytes);
}

Result<RouteTrace> read_routes_binary(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kHeaderBytes) return Error{Code::corrupt, "not a route file"};
  if (const uint32_t version = get_u32(bytes, 8); version != kVersion) {
    return Error{Code::unsupported, "version " + std::to_string(version) + " of route files, this program reads 1"};
  }
  for (size_t at = 12; at < kHeaderBytes; at += 4) {
    if (get_u32(bytes, at) > kMaxExperts) return Error{Code::corrupt, "a size in the header is too large"};
  }
  const RouteShape shape{static_cast<int32_t>(get_u32(bytes, 12)), static_cast<int32_t>(get_u32(bytes, 16)),
                         static_cast<int32_t>(get_u32(bytes, 20))};
  SLUICE_TRY_VOID(check_route_shape(shape));
  RouteTrace trace(shape);
  std::vector<uint16_t> ids(ids_per_token(shape));
  const size_t token_bytes = 4 + 2 * ids.size();
  if ((bytes.size() - kHeaderBytes) % token_bytes != 0) return Error{Code::corrupt, "ends inside a token"};
  for (size_t at = kHeaderBytes; at < bytes.size(); at += token_bytes) {
    const uint16_t phase = get_u16(bytes, at + 2);
    if (phase > 1) return Error{Code::corrupt, "phase " + std::to_string(phase) + " is neither prompt nor decode"};
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = get_u16(bytes, at + 4 + 2 * i);
    SLUICE_TRY_VOID(trace.append(get_u16(bytes, at), static_cast<RoutePhase>(phase), ids));
  }
  return trace;
}

std::string route_header(const RouteShape& shape) {
  std::string out(kMagic);
  put_u32(kVersion, out);
  for (const int32_t size : {shape.layers, shape.experts, shape.k}) put_u32(static_cast<uint32_t>(size), out);
  return out;
}

void append_route_token(int32_t turn, RoutePhase phase, std::span<const uint16_t> ids, std::string& out) {
  put_u16(static_cast<uint16_t>(turn), out);
  put_u16(static_cast<uint16_t>(phase), out);
  for (const uint16_t id : ids) put_u16(id, out);
}

std::string write_routes(const RouteTrace& trace) {
  const RouteShape& shape = trace.shape();
  std::string out = route_header(shape);
  std::vector<uint16_t> ids(ids_per_token(shape));
  for (size_t token = 0; token < trace.tokens(); ++token) {
    std::fill(ids.begin(), ids.end(), kNoExpert);
    for (int32_t layer = 0; layer < shape.layers; ++layer) {
      const auto experts = trace.experts(token, layer);
      std::copy(experts.begin(), experts.end(), ids.begin() + static_cast<ptrdiff_t>(layer) * shape.k);
    }
    append_route_token(trace.turn(token), trace.phase(token), ids, out);
  }
  return out;
}

}  // namespace sluice::cache

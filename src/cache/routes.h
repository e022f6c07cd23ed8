// A recorded choice of experts, token by token, in memory: what replay feeds to policies, what a recorder writes and
// what synthetic routes look like. Two forms on disk: the CSV of BigMoeOnEdge's route traces (read only) and ours.
//
// Ours, all little-endian: "SLROUTES", u32 version (1), u32 layers, u32 experts, u32 k, and to the end of the file
// tokens of (2 + layers * k) u16: turn, phase (0 prompt, 1 decode), then k experts of each layer in rank order. 65535
// in place of a layer's first expert: that layer was not run for the token (the last one, for all prompt tokens but the
// last), and the other ranks hold it too. Layers are numbered among those that route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::cache {

inline constexpr uint16_t kNoExpert = 0xFFFF;

struct RouteShape {
  int32_t layers = 0;
  int32_t experts = 0;  // a layer
  int32_t k = 0;        // experts of a token in a layer

  bool operator==(const RouteShape&) const = default;
};

// An error says which size is out of bounds.
Status check_route_shape(const RouteShape& shape);

enum class RoutePhase : uint8_t { prompt, decode };

class RouteTrace {
 public:
  // REQUIRES: check_route_shape(shape).ok().
  explicit RouteTrace(const RouteShape& shape);

  const RouteShape& shape() const { return shape_; }
  size_t tokens() const { return tokens_.size(); }
  int32_t turn(size_t token) const { return tokens_[token].turn; }
  RoutePhase phase(size_t token) const { return tokens_[token].phase; }

  // In rank order, distinct; empty where the layer was not run for the token.
  std::span<const uint16_t> experts(size_t token, int32_t layer) const;

  // Appends a token; ids is [layers][k], a layer that was not run holds kNoExpert throughout. An error (invalid) names
  // what is wrong: ids out of range or twice in a layer, or the trace would grow beyond 64 Mi ids.
  Status append(int32_t turn, RoutePhase phase, std::span<const uint16_t> ids);

 private:
  struct Token {
    uint16_t turn;
    RoutePhase phase;
  };

  RouteShape shape_;
  std::vector<Token> tokens_;
  std::vector<uint16_t> ids_;  // [tokens][layers][k]
};

// bytes: a whole file in either form, told apart by its first bytes. Nothing in them is trusted; tokens come out in the
// order of turn and step.
Result<RouteTrace> read_routes(std::string_view bytes);
Result<RouteTrace> read_routes_csv(std::string_view text);
Result<RouteTrace> read_routes_binary(std::string_view bytes);

// Our form in pieces, for a recorder: the header once, then every token.
std::string route_header(const RouteShape& shape);
void append_route_token(int32_t turn, RoutePhase phase, std::span<const uint16_t> ids, std::string& out);

std::string write_routes(const RouteTrace& trace);

}  // namespace sluice::cache

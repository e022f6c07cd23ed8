// The CSV of BigMoeOnEdge's route traces: '#' comments of which one names n_layer, n_expert and n_expert_used, a line
// of column names, then turn,phase,step,layer,rank,expert and further columns that we skip.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "cache/routes.h"

namespace sluice::cache {

namespace {

constexpr std::string_view kColumns = "turn,phase,step,layer,slot,expert";
constexpr size_t kMaxIds = size_t{64} << 20;

struct Lines {
  std::string_view rest;
  int64_t number = 0;

  bool next(std::string_view& line) {
    if (rest.empty()) return false;
    const size_t end = std::min(rest.find('\n'), rest.size());
    line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    return true;
  }
};

// The digits after name in line, e.g. "n_layer=48"; -1: none, or not a number of nine digits.
int32_t named_number(std::string_view line, std::string_view name) {
  const size_t at = line.find(name);
  if (at == std::string_view::npos) return -1;
  const std::string_view digits = line.substr(at + name.size(), 9);
  int32_t value = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : lines_{text} {}

  Result<RouteTrace> read() {
    SLUICE_TRY_VOID(read_head());
    std::string_view line;
    while (lines_.next(line)) {
      if (line.empty() || line[0] == '#') continue;
      if (!read_row(line)) return Error{Code::corrupt, "line " + std::to_string(lines_.number) + ": " + problem_};
    }
    RouteTrace trace(shape_);
    for (const auto& [key, token] : tokens_) {
      SLUICE_TRY_VOID(trace.append(key.first, token.phase, token.ids));
    }
    return trace;
  }

 private:
  struct Token {
    RoutePhase phase;
    std::vector<uint16_t> ids;
  };

  Status read_head() {
    std::string_view line;
    while (lines_.next(line)) {
      if (line.starts_with(kColumns)) {
        if (shape_.layers == 0) return Error{Code::corrupt, "no comment names n_layer, n_expert and n_expert_used"};
        return check_route_shape(shape_);
      }
      if (!line.starts_with('#')) break;
      if (line.find("n_layer=") == std::string_view::npos) continue;
      shape_ = {named_number(line, "n_layer="), named_number(line, "n_expert="), named_number(line, "n_expert_used=")};
    }
    return Error{Code::corrupt, "not a route trace: no line of columns turn,phase,step,layer,slot,expert"};
  }

  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  bool read_row(std::string_view line) {
    std::array<int32_t, 6> n{};
    const char* at = line.data();
    const char* end = at + line.size();
    for (size_t i = 0; i < n.size(); ++i) {
      if (i > 0 && (at == end || *at++ != ',')) return fail("fewer than six columns");
      const auto [stop, error] = std::from_chars(at, end, n[i]);
      if (error != std::errc{} || n[i] < 0) return fail("not a number");
      at = stop;
    }
    const auto [turn, phase, step, layer, rank, expert] = n;
    if (turn > 0xFFFF || phase > 1) return fail("turn or phase out of range");
    if (layer >= shape_.layers || rank >= shape_.k || expert >= shape_.experts) {
      return fail("layer, slot or expert out of range");
    }
    Token* token = token_at({turn, step}, static_cast<RoutePhase>(phase));
    if (token == nullptr) return false;
    uint16_t& id = token->ids[static_cast<size_t>(layer) * static_cast<size_t>(shape_.k) + static_cast<size_t>(rank)];
    if (id != kNoExpert) return fail("the same turn, step, layer and slot twice");
    id = static_cast<uint16_t>(expert);
    return true;
  }

  Token* token_at(std::pair<int32_t, int32_t> key, RoutePhase phase) {
    const auto found = tokens_.find(key);
    if (found != tokens_.end()) {
      if (found->second.phase == phase) return &found->second;
      problem_ = "a step in both phases";
      return nullptr;
    }
    const size_t ids = static_cast<size_t>(shape_.layers) * static_cast<size_t>(shape_.k);
    if ((tokens_.size() + 1) * ids > kMaxIds) {
      problem_ = "the trace is too long";
      return nullptr;
    }
    return &tokens_.emplace(key, Token{phase, std::vector<uint16_t>(ids, kNoExpert)}).first->second;
  }

  Lines lines_;
  RouteShape shape_;
  std::map<std::pair<int32_t, int32_t>, Token> tokens_;  // by turn and step
  const char* problem_ = "";
};

}  // namespace

Result<RouteTrace> read_routes_csv(std::string_view text) {
  return CsvReader(text).read();
}

}  // namespace sluice::cache

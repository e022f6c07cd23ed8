// Numbers between the bounds of a schema.
#include <algorithm>
#include <cmath>

#include "text/grammar/schema.h"
#include "text/grammar/schema_values.h"

namespace sluice::text {
namespace {

constexpr double kMostBound = 1e15;  // doubles hold whole numbers exactly up to here, with room

struct Bound {
  std::optional<double> value;
  bool open = false;
};

// The tighter of an inclusive and an exclusive bound. sign: 1 for lower bounds, -1 for upper ones.
Result<Bound> tighter(const Value& way, std::string_view closed, std::string_view open, int sign, const std::string& path) {
  Bound out;
  for (std::string_view keyword : {closed, open}) {
    const Value* value = way.find(keyword);
    if (value == nullptr) continue;
    if (!value->is_number() || value->is(Value::Kind::boolean)) return schema_error(Code::corrupt, keyword, path, "must be a number");
    const double bound = value->as_real();
    if (!(std::abs(bound) <= kMostBound)) return schema_error(Code::unsupported, keyword, path, "bounds beyond 1e15 are not supported");
    if (!out.value || sign * bound >= sign * *out.value) out = {bound, keyword == open};
  }
  return out;
}

NodeId integers(JsonPieces& pieces, const Bound& least, const Bound& most) {
  if (!least.value && !most.value) return pieces.integer();
  int64_t from = -kMostInteger, to = kMostInteger;
  if (least.value) from = static_cast<int64_t>(least.open ? std::floor(*least.value) + 1 : std::ceil(*least.value));
  if (most.value) to = static_cast<int64_t>(most.open ? std::ceil(*most.value) - 1 : std::floor(*most.value));
  return integers_between(pieces.grammar(), from, to);
}

}  // namespace

Result<NodeId> schema_number(JsonPieces& pieces, const Value& way, bool integer, const std::string& path) {
  if (const Value* step = way.find("multipleOf")) {
    const bool one = step->is_number() && !step->is(Value::Kind::boolean) && step->as_real() == 1.0;
    if (!one) return schema_error(Code::unsupported, "multipleOf", path, "only 1 is supported");
    integer = true;
  }
  SLUICE_TRY(const Bound least, tighter(way, "minimum", "exclusiveMinimum", 1, path));
  SLUICE_TRY(const Bound most, tighter(way, "maximum", "exclusiveMaximum", -1, path));
  if (integer) return integers(pieces, least, most);
  if (!least.value && !most.value) return pieces.number();
  NumberRange range;
  range.open_least = least.open;
  range.open_most = most.open;
  for (const auto& [from, to] : {std::pair(&least, &range.least), std::pair(&most, &range.most)}) {
    if (!from->value) continue;
    if (*from->value != std::floor(*from->value)) {
      return schema_error(Code::unsupported, from == &least ? "minimum" : "maximum", path, "for type number only whole bounds are supported");
    }
    *to = static_cast<int64_t>(*from->value);
  }
  return decimals_between(pieces.grammar(), range);
}

}  // namespace sluice::text

#include "cache/policy.h"

#include <array>

namespace sluice::cache {

namespace {

constexpr std::array kPolicies = {
    PolicyRow{"fading", make_fading},
    PolicyRow{"stalest", make_stalest},
    PolicyRow{"slru", make_slru},
    PolicyRow{"lru", make_lru},
};

}  // namespace

std::span<const PolicyRow> policies() {
  return kPolicies;
}

const PolicyRow* policy_by_name(std::string_view name) {
  for (const PolicyRow& row : kPolicies) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace sluice::cache

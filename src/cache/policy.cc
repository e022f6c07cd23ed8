#include "cache/policy.h"

#include <array>
#include <string>

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

Result<const PolicyRow*> choose_policy(std::string_view name) {
  if (name.empty()) return &kPolicies.front();
  if (const PolicyRow* row = policy_by_name(name)) return row;
  std::string known;
  for (const PolicyRow& row : kPolicies) known += (known.empty() ? "" : ", ") + std::string(row.name);
  return Error{Code::invalid, "--policy " + std::string(name) + ": must be one of " + known};
}

}  // namespace sluice::cache

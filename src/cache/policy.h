// Which slot to give up when a new expert needs one, as a table with one row a policy. A new policy is a new file and a
// row; tests enumerate the table, and recorded routes are replayed against it offline.
//
// A policy keeps an order over occupied slots and nothing else: no clock, no I/O, no randomness, so that the same calls
// give the same victims on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sluice/status.h"

namespace sluice::cache {

struct ExpertKey {
  int32_t layer = 0;
  int32_t expert = 0;

  bool operator==(const ExpertKey&) const = default;
};

// Sizes that stay fixed for the life of a cache.
struct Geometry {
  int32_t layers = 0;
  int32_t experts_per_layer = 0;
  int32_t slots = 0;
  int32_t layer_floor = 0;  // slots that a layer keeps against arrivals of others: K, what a token needs of it
};

enum class Admission : uint8_t {
  demand,       // a token needs it
  speculative,  // look-ahead thinks that it will; a policy may trust it less, or turn it away
};

// An expert on its way into a slot. Nobody's, with layer -1, where a slot is given up for good: it is of no layer.
struct Arrival {
  ExpertKey key;
  Admission admission = Admission::demand;
};

// Not thread-safe: one thread owns a cache and its policy. After construction nothing allocates, nothing fails.
class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  // The slot, until now empty, holds the arrival.
  virtual void insert(int32_t slot, const Arrival& arrival) = 0;
  // A token uses the expert in the slot.
  virtual void touch(int32_t slot) = 0;
  // The slot is empty: evicted, or its load failed.
  virtual void remove(int32_t slot) = 0;
  // The occupied slot to give up for the arrival, or -1 to turn it away, which is allowed for speculative arrivals and
  // where every occupied slot is pinned. pins[slot] > 0: pinned, may not be chosen. Changes nothing: remove follows.
  // Cost: at most a step a layer and a look at the slots of the layers changed since, plus one step for each slot
  // passed over because it is pinned or its layer's floor needs it.
  virtual int32_t victim(const Arrival& arrival, std::span<const int32_t> pins) const = 0;
  // So many slots are in use from now on, not more than the geometry's: shares of the pool are shares of these.
  virtual void set_limit(int32_t /*slots*/) {}
};

struct PolicyRow {
  std::string_view name;  // as --policy takes it
  std::unique_ptr<Policy> (*make)(const Geometry&);
};

std::span<const PolicyRow> policies();                   // the first is the default
const PolicyRow* policy_by_name(std::string_view name);  // nullptr: unknown
// The default for an empty name. Errors: invalid (an unknown name; lists the names).
Result<const PolicyRow*> choose_policy(std::string_view name);

// The rows' factories, one file each.
std::unique_ptr<Policy> make_lru(const Geometry& geometry);
std::unique_ptr<Policy> make_slru(const Geometry& geometry);
std::unique_ptr<Policy> make_fading(const Geometry& geometry);
std::unique_ptr<Policy> make_stalest(const Geometry& geometry);

}  // namespace sluice::cache

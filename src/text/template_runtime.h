// What one rendering owns: its budget of work and memory, and every container and callable that the template makes.
// Containers live until the rendering ends, so a template may build cycles or towers of lists without leaking memory or
// overflowing the stack when they are freed. Single-threaded; one per rendering.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::text {

// Both count Text::footprint: the bytes and the marks of where the origin changes.
constexpr uint64_t kMaxMadeBytes = uint64_t{1} << 29;    // all strings and containers made, freed or not
constexpr uint64_t kMaxOutputBytes = uint64_t{1} << 26;  // one string, or the output
constexpr int64_t kMaxRange = 100'000;                   // as Jinja2's sandbox
constexpr int kMaxValueDepth = 200;                      // printing and comparing nested containers
constexpr int kMaxBuiltinDepth = 100;                    // filters that call filters: map('map', 'map', ...)

class Budget {
 public:
  // At most max_steps evaluated nodes and visited items.
  explicit Budget(uint64_t max_steps) : max_steps_(max_steps) {}

  // Pays for n units of work. Errors: over_budget.
  Status step(uint64_t n = 1);
  // Counts memory already taken, small next to what was there before; the next step() reports an excess.
  void note(uint64_t bytes) { made_ += bytes; }
  // Asks before taking memory of a size that the template chooses. Errors: over_budget.
  Status reserve(uint64_t bytes);
  // As note, where memory is taken piece by piece: the excess is reported at once. Errors: over_budget.
  Status take(uint64_t bytes);

  // The builtins that run inside each other. Errors: over_budget.
  Status enter();
  void leave() { --depth_; }

 private:
  uint64_t max_steps_;
  uint64_t steps_ = 0;
  uint64_t made_ = 0;
  int depth_ = 0;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// A callable, or the `loop` variable.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string_view type_name() const = 0;
  virtual bool callable() const { return true; }
  virtual Result<Value> call(Arguments args) = 0;
  virtual Result<Value> attribute(std::string_view name) const;
};

class Runtime {
 public:
  Runtime(std::optional<std::tm> now, uint64_t max_steps) : budget_(max_steps), now_(now) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime();

  Budget& budget() { return budget_; }
  const std::optional<std::tm>& now() const { return now_; }

  Value string(Text text);
  Value list(std::vector<Value> items, ListKind kind = ListKind::list);
  Value map(bool is_namespace = false);
  Value object(std::unique_ptr<Object> object);

  // A copy of a value from outside whose containers this rendering owns. Errors: over_budget (too deep or too large).
  Result<Value> adopt(const Value& value, int depth = 0);

 private:
  Budget budget_;
  std::optional<std::tm> now_;
  std::vector<std::shared_ptr<List>> lists_;
  std::vector<std::shared_ptr<Map>> maps_;
  std::vector<std::unique_ptr<Object>> objects_;
};

}  // namespace sluice::text

#include "text/template_runtime.h"

namespace sluice::text {
namespace {

constexpr uint64_t kContainerBytes = 96;
constexpr int kMaxInputDepth = 512;

}  // namespace

Status Budget::step(uint64_t n) {
  steps_ += n;
  if (steps_ > max_steps_) {
    return Error{Code::over_budget, "more than " + std::to_string(max_steps_) + " steps; the template loops too long"};
  }
  return reserve(0);
}

Status Budget::reserve(uint64_t bytes) {
  if (bytes > kMaxMadeBytes || made_ + bytes > kMaxMadeBytes) {
    return Error{Code::over_budget,
                 "the template makes more than " + std::to_string(kMaxMadeBytes >> 20) + " MiB of data"};
  }
  if (bytes > kMaxOutputBytes) {
    return Error{Code::over_budget,
                 "the template makes a text of more than " + std::to_string(kMaxOutputBytes >> 20) + " MiB"};
  }
  return {};
}

Status Budget::take(uint64_t bytes) {
  note(bytes);
  return reserve(0);
}

Status Budget::enter() {
  if (depth_ >= kMaxBuiltinDepth) {
    return Error{Code::over_budget, "filters call each other more than " + std::to_string(kMaxBuiltinDepth) + " deep"};
  }
  ++depth_;
  return {};
}

Result<Value> Object::attribute(std::string_view name) const {
  return Value::undefined("'" + std::string(type_name()) + "' has no attribute '" + std::string(name) + "'");
}

// Emptied one by one while all are still held, so that freeing never recurses from container to container.
Runtime::~Runtime() {
  for (auto& list : lists_) list->items.clear();
  for (auto& map : maps_) map->clear();
}

Value Runtime::string(Text text) {
  budget_.note(text.footprint() + kContainerBytes);
  return Value::string(std::move(text));
}

Value Runtime::list(std::vector<Value> items, ListKind kind) {
  budget_.note(kContainerBytes + items.size() * sizeof(Value));
  lists_.push_back(std::make_shared<List>(List{kind, std::move(items)}));
  return Value::of(lists_.back());
}

Value Runtime::map(bool is_namespace) {
  budget_.note(kContainerBytes);
  maps_.push_back(std::make_shared<Map>());
  maps_.back()->is_namespace = is_namespace;
  return Value::of(maps_.back());
}

Value Runtime::object(std::unique_ptr<Object> object) {
  budget_.note(kContainerBytes);
  objects_.push_back(std::move(object));
  return Value::of(objects_.back().get());
}

Result<Value> Runtime::adopt(const Value& value, int depth) {
  if (depth > kMaxInputDepth)
    return Error{Code::over_budget, "chat input nested deeper than " + std::to_string(kMaxInputDepth)};
  if (value.is_list()) {
    std::vector<Value> items;
    for (const Value& item : value.as_list().items) {
      SLUICE_TRY(Value copy, adopt(item, depth + 1));
      items.push_back(std::move(copy));
    }
    SLUICE_TRY_VOID(budget_.reserve(0));
    return list(std::move(items), value.as_list().kind);
  }
  if (value.is_map()) {
    Value out = map();
    for (const Map::Entry& entry : value.as_map().entries) {
      SLUICE_TRY(Value copy, adopt(entry.value, depth + 1));
      budget_.note(sizeof(Map::Entry) + entry.id.size());
      out.as_map().set_id(entry.id, entry.key, std::move(copy));
    }
    SLUICE_TRY_VOID(budget_.reserve(0));
    return out;
  }
  return value;
}

}  // namespace sluice::text

#include "text/template_methods.h"

namespace sluice::text {
namespace {

class BoundMethod : public Object {
 public:
  BoundMethod(Runtime& runtime, Value self, const Builtin& method)
      : runtime_(runtime), self_(std::move(self)), method_(method) {}
  std::string_view type_name() const override { return "method"; }
  Result<Value> call(Arguments args) override { return run_builtin(runtime_, method_, self_, std::move(args)); }

 private:
  Runtime& runtime_;
  Value self_;
  const Builtin& method_;
};

}  // namespace

const Builtin* find_method(const Value& object, std::string_view name) {
  if (object.is_string()) {
    const Builtin* method = find_builtin(string_methods(), name);
    return method != nullptr ? method : find_builtin(string_tests(), name);
  }
  if (object.is_map() && !object.as_map().is_namespace) return find_builtin(map_methods(), name);
  if (!object.is_list()) return nullptr;
  if (object.as_list().kind == ListKind::list) return find_builtin(list_methods(), name);
  return object.as_list().kind == ListKind::tuple ? find_builtin(tuple_methods(), name) : nullptr;
}

Value bound_method(Runtime& runtime, const Value& object, const Builtin& method) {
  return runtime.object(std::make_unique<BoundMethod>(runtime, object, method));
}

}  // namespace sluice::text

#include "text/template_loop.h"

#include "text/template_operators.h"

namespace sluice::text {
namespace {

enum class LoopCall { cycle, changed };

class LoopMethod : public Object {
 public:
  LoopMethod(LoopObject& loop, LoopCall which) : loop_(loop), which_(which) {}
  std::string_view type_name() const override { return "method"; }
  Result<Value> call(Arguments args) override {
    return which_ == LoopCall::cycle ? loop_.cycle(args) : loop_.changed(args);
  }

 private:
  LoopObject& loop_;
  LoopCall which_;
};

}  // namespace

Result<Value> LoopObject::call(Arguments arguments) {
  if (!loop_.recursive) return Error{Code::invalid, "loop() needs a loop marked 'recursive'"};
  if (arguments.positional.size() != 1) return Error{Code::invalid, "loop() takes one iterable"};
  Text text;
  Text* const outer = std::exchange(interpreter_.out_, &text);
  const auto flow = interpreter_.run_loop(loop_, arguments.positional[0], scope_, depth_ + 1);
  interpreter_.out_ = outer;
  if (!flow.ok()) return flow.error();
  return runtime_.string(std::move(text));
}

Result<Value> LoopObject::attribute(std::string_view name) const {
  const std::vector<Value>& items = items_.as_list().items;
  const auto number = [](size_t n) { return Value::integer(static_cast<int64_t>(n)); };
  const size_t left = items.size() > index_ ? items.size() - index_ : 0;
  if (name == "index") return number(index_ + 1);
  if (name == "index0") return number(index_);
  if (name == "revindex") return number(left);
  if (name == "revindex0") return Value::integer(static_cast<int64_t>(left) - 1);
  if (name == "first") return Value::boolean(index_ == 0);
  if (name == "last") return Value::boolean(left <= 1);
  if (name == "length") return number(items.size());
  if (name == "depth") return Value::integer(depth_ + 1);
  if (name == "depth0") return Value::integer(depth_);
  if (name == "previtem") {
    return index_ > 0 && index_ <= items.size() ? items[index_ - 1] : Value::undefined("there is no previous item");
  }
  if (name == "nextitem") return left > 1 ? items[index_ + 1] : Value::undefined("there is no next item");
  if (name == "cycle" || name == "changed") {
    const LoopCall which = name == "cycle" ? LoopCall::cycle : LoopCall::changed;
    return runtime_.object(std::make_unique<LoopMethod>(const_cast<LoopObject&>(*this), which));
  }
  return Object::attribute(name);
}

Result<Value> LoopObject::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) return Error{Code::invalid, "loop.cycle() needs values"};
  return arguments.positional[index_ % arguments.positional.size()];
}

Result<Value> LoopObject::changed(const Arguments& arguments) {
  const Value seen = runtime_.list(arguments.positional, ListKind::tuple);
  SLUICE_TRY(const bool same, equal(runtime_, last_seen_, seen));
  last_seen_ = seen;
  return Value::boolean(!same);
}

}  // namespace sluice::text

// The `loop` variable of a for block.
#pragma once

#include "text/template_interpreter.h"

namespace sluice::text {

class LoopObject : public Object {
 public:
  LoopObject(Interpreter& interpreter, Runtime& runtime, const ast::For& loop, Value items, ScopePtr scope, int depth)
      : interpreter_(interpreter),
        runtime_(runtime),
        loop_(loop),
        items_(std::move(items)),
        scope_(std::move(scope)),
        depth_(depth) {}

  void move_to(size_t index) { index_ = index; }

  std::string_view type_name() const override { return "loop"; }
  bool callable() const override { return loop_.recursive; }
  // loop(items): the same block over other items, in a recursive loop.
  Result<Value> call(Arguments arguments) override;
  Result<Value> attribute(std::string_view name) const override;

  Result<Value> cycle(const Arguments& arguments) const;
  Result<Value> changed(const Arguments& arguments);

 private:
  Interpreter& interpreter_;
  Runtime& runtime_;
  const ast::For& loop_;
  Value items_;
  ScopePtr scope_;
  int depth_;
  size_t index_ = 0;
  Value last_seen_ = Value::undefined("nothing seen yet");
};

}  // namespace sluice::text

// A macro as a callable value, with the scope that it was defined in.
#pragma once

#include "text/template_interpreter.h"

namespace sluice::text {

class MacroObject : public Object {
 public:
  MacroObject(Interpreter& interpreter, const ast::Macro& macro, ScopePtr defined_in)
      : interpreter_(interpreter), macro_(macro), defined_in_(std::move(defined_in)) {}

  std::string_view type_name() const override { return "macro"; }
  Result<Value> call(Arguments arguments) override {
    return interpreter_.call_macro(macro_, defined_in_, std::move(arguments));
  }
  Result<Value> attribute(std::string_view name) const override {
    if (name == "name") return Value::string(macro_.name, Origin::markup);
    return Object::attribute(name);
  }

 private:
  Interpreter& interpreter_;
  const ast::Macro& macro_;
  ScopePtr defined_in_;
};

}  // namespace sluice::text

#include "text/template_macro.h"

#include <algorithm>

#include "text/template_sequences.h"

namespace sluice::text {

Result<Value> Interpreter::call_macro(const ast::Macro& macro, const ScopePtr& defined_in, Arguments arguments) {
  SLUICE_TRY_VOID(runtime_.budget().step());
  const ScopePtr scope = std::make_shared<Scope>(Scope{defined_in, {}});
  SLUICE_TRY_VOID(bind_parameters(macro, arguments, scope));
  SLUICE_TRY(Text text, capture(macro.body, scope));
  return runtime_.string(std::move(text));
}

// As Jinja2: parameters first, then `caller`, and what is left over goes to varargs and kwargs if the body mentions
// them.
Status Interpreter::bind_parameters(const ast::Macro& macro, Arguments& arguments, const ScopePtr& scope) {
  const auto refuse = [&](const std::string& why) { return Error{Code::invalid, "macro '" + macro.name + "' " + why}; };
  const size_t count = std::min(arguments.positional.size(), macro.parameters.size());
  for (size_t i = 0; i < count; ++i) scope->values[macro.parameters[i].name] = arguments.positional[i];
  std::vector<Value> extra(arguments.positional.begin() + static_cast<int64_t>(count), arguments.positional.end());
  if (!extra.empty() && !macro.uses_varargs) {
    return refuse("takes at most " + std::to_string(macro.parameters.size()) + " arguments");
  }
  Arguments left;
  for (auto& [name, value] : arguments.named) {
    const auto found = std::find_if(macro.parameters.begin(), macro.parameters.end(),
                                    [&](const ast::Parameter& parameter) { return parameter.name == name; });
    if (found != macro.parameters.end()) {
      if (!scope->values.emplace(found->name, value).second) return refuse("gets '" + name + "' twice");
    } else if (name == "caller" && macro.uses_caller) {
      scope->values["caller"] = value;
    } else if (macro.uses_kwargs) {
      left.named.emplace_back(name, value);
    } else {
      return refuse("has no parameter '" + name + "'");
    }
  }
  if (macro.uses_caller) scope->values.emplace("caller", Value::undefined("no caller: not in a {% call %} block"));
  if (macro.uses_varargs) scope->values["varargs"] = runtime_.list(std::move(extra), ListKind::tuple);
  if (macro.uses_kwargs) {
    scope->values["kwargs"] = runtime_.map();
    SLUICE_TRY_VOID(fill_map(runtime_, scope->values["kwargs"], left));
  }
  for (const ast::Parameter& parameter : macro.parameters) {
    if (scope->values.contains(parameter.name)) continue;
    Value value = Value::undefined("parameter '" + parameter.name + "' was not provided");
    if (parameter.fallback) {
      SLUICE_TRY(value, evaluate(*parameter.fallback, scope));
    }
    scope->values.emplace(parameter.name, std::move(value));
  }
  return {};
}

}  // namespace sluice::text

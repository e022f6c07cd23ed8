// Functions that every template can call.
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_sequences.h"
#include "text/template_time.h"

namespace sluice::text {
namespace {

Result<Value> range(Runtime& runtime, const Value&, const Arguments& args) {
  const size_t count = args.positional.size();
  if (count < 1 || count > 3 || !args.named.empty()) return Error{Code::invalid, "range() takes one to three integers"};
  int64_t bounds[3] = {0, 0, 1};
  for (size_t i = 0; i < count; ++i) {
    const Value& value = args.positional[i];
    if (!value.is_integral())
      return Error{Code::invalid, "range() takes integers, not '" + std::string(type_name(value)) + "'"};
    bounds[count == 1 ? 1 : i] = value.as_integer();
  }
  const auto [start, stop, step] = bounds;
  if (step == 0) return Error{Code::invalid, "range(): the step must not be zero"};
  std::vector<Value> items;
  for (int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (items.size() == static_cast<size_t>(kMaxRange)) {
      return Error{Code::over_budget, "range() of more than " + std::to_string(kMaxRange) + " items"};
    }
    items.push_back(Value::integer(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  SLUICE_TRY_VOID(runtime.budget().step(items.size() / 16));
  return runtime.list(std::move(items));
}

Result<Value> dict(Runtime& runtime, const Value&, const Arguments& args) {
  Value out = runtime.map();
  SLUICE_TRY_VOID(fill_map(runtime, out, args));
  return out;
}

Result<Value> make_namespace(Runtime& runtime, const Value&, const Arguments& args) {
  Value out = runtime.map(true);
  SLUICE_TRY_VOID(fill_map(runtime, out, args));
  return out;
}

Result<Value> raise_exception(Runtime& runtime, const Value&, const Arguments& args) {
  SLUICE_TRY(const Text message, to_str(runtime, args.positional[0]));
  std::string line = message.bytes().substr(0, 2000);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return Error{Code::invalid, "the template refuses this conversation: " + line};
}

Result<Value> strftime_now(Runtime& runtime, const Value&, const Arguments& args) {
  SLUICE_TRY(const Text format, text_argument(runtime, args, 0));
  if (!runtime.now()) return Error{Code::invalid, "the template asks for the date (strftime_now), but none was given"};
  SLUICE_TRY(std::string text, format_time(*runtime.now(), format.view()));
  return runtime.string(Text(text, format.origin()));
}

constexpr Builtin kGlobals[] = {
    {"range", "*", 0, range},
    {"dict", "*", 0, dict},
    {"namespace", "*", 0, make_namespace},
    {"raise_exception", "message", 1, raise_exception},
    {"strftime_now", "format", 1, strftime_now},
};

}  // namespace

std::span<const Builtin> global_functions() {
  return kGlobals;
}

}  // namespace sluice::text

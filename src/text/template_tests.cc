// The tests of `x is test`.
#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_sequences.h"

namespace sluice::text {
namespace {

template <bool (*test)(const Value&)>
Result<Value> check(Runtime&, const Value& self, const Arguments&) {
  return Value::boolean(test(self));
}

bool defined(const Value& v) {
  return !v.is_undefined();
}
bool undefined(const Value& v) {
  return v.is_undefined();
}
bool none(const Value& v) {
  return v.is_none();
}
bool string(const Value& v) {
  return v.is_string();
}
bool number(const Value& v) {
  return v.is_number();
}
bool boolean(const Value& v) {
  return v.is(Value::Kind::boolean);
}
bool is_true(const Value& v) {
  return boolean(v) && v.as_bool();
}
bool is_false(const Value& v) {
  return boolean(v) && !v.as_bool();
}
bool integer(const Value& v) {
  return v.is(Value::Kind::integer) || v.is(Value::Kind::big_integer);
}
bool real(const Value& v) {
  return v.is(Value::Kind::real);
}
bool mapping(const Value& v) {
  return v.is_map() && !v.as_map().is_namespace;
}
bool iterable(const Value& v) {
  return v.is_undefined() || v.is_string() || v.is_list() || mapping(v);
}
bool callable(const Value& v) {
  return v.is_undefined() || (v.is(Value::Kind::object) && v.as_object().callable());
}

// What has a length and can be indexed: Jinja2's Undefined counts, a dictionary's views do not.
bool sequence(const Value& v) {
  if (v.is_list()) return v.as_list().kind == ListKind::list || v.as_list().kind == ListKind::tuple;
  return v.is_undefined() || v.is_string() || mapping(v);
}

template <CompareOp op>
Result<Value> compares(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const bool result, compare(runtime, op, self, args.positional[0]));
  return Value::boolean(result);
}

Result<Value> same_as(Runtime& runtime, const Value& self, const Arguments& args) {
  const Value& other = args.positional[0];
  if (self.kind() != other.kind()) return Value::boolean(false);
  if (self.is_list()) return Value::boolean(&self.as_list() == &other.as_list());
  if (self.is_map()) return Value::boolean(&self.as_map() == &other.as_map());
  SLUICE_TRY(const bool same, equal(runtime, self, other));
  return Value::boolean(same);
}

Result<Value> divisible(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Value remainder, binary(runtime, BinaryOp::modulo, self, args.positional[0]));
  return Value::boolean(!truthy(remainder));
}

template <int64_t wanted>
Result<Value> parity(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(const Value remainder, binary(runtime, BinaryOp::modulo, self, Value::integer(2)));
  return Value::boolean(remainder.is_number() && remainder.as_real() == static_cast<double>(wanted));
}

template <bool upper>
Result<Value> in_case(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(Text text, to_str(runtime, self));
  const Value subject = runtime.string(std::move(text));
  return run_builtin(runtime, *find_method(subject, upper ? "isupper" : "islower"), subject, {});
}

Result<Value> filter_exists(Runtime&, const Value& self, const Arguments&) {
  return Value::boolean(self.is_string() && find_filter(self.as_text().view()) != nullptr);
}
Result<Value> test_exists(Runtime&, const Value& self, const Arguments&) {
  return Value::boolean(self.is_string() && find_test(self.as_text().view()) != nullptr);
}

constexpr Builtin kTests[] = {
    {"defined", "", 0, check<defined>},
    {"undefined", "", 0, check<undefined>},
    {"none", "", 0, check<none>},
    {"string", "", 0, check<string>},
    {"number", "", 0, check<number>},
    {"boolean", "", 0, check<boolean>},
    {"true", "", 0, check<is_true>},
    {"false", "", 0, check<is_false>},
    {"integer", "", 0, check<integer>},
    {"float", "", 0, check<real>},
    {"mapping", "", 0, check<mapping>},
    {"iterable", "", 0, check<iterable>},
    {"sequence", "", 0, check<sequence>},
    {"callable", "", 0, check<callable>},
    {"eq", "other", 1, compares<CompareOp::equal>},
    {"equalto", "other", 1, compares<CompareOp::equal>},
    {"==", "other", 1, compares<CompareOp::equal>},
    {"ne", "other", 1, compares<CompareOp::not_equal>},
    {"!=", "other", 1, compares<CompareOp::not_equal>},
    {"lt", "other", 1, compares<CompareOp::less>},
    {"lessthan", "other", 1, compares<CompareOp::less>},
    {"<", "other", 1, compares<CompareOp::less>},
    {"le", "other", 1, compares<CompareOp::less_equal>},
    {"<=", "other", 1, compares<CompareOp::less_equal>},
    {"gt", "other", 1, compares<CompareOp::greater>},
    {"greaterthan", "other", 1, compares<CompareOp::greater>},
    {">", "other", 1, compares<CompareOp::greater>},
    {"ge", "other", 1, compares<CompareOp::greater_equal>},
    {">=", "other", 1, compares<CompareOp::greater_equal>},
    {"in", "seq", 1, compares<CompareOp::in>},
    {"sameas", "other", 1, same_as},
    {"divisibleby", "num", 1, divisible},
    {"odd", "", 0, parity<1>},
    {"even", "", 0, parity<0>},
    {"upper", "", 0, in_case<true>},
    {"lower", "", 0, in_case<false>},
    {"filter", "", 0, filter_exists},
    {"test", "", 0, test_exists},
};

}  // namespace

const Builtin* find_test(std::string_view name) {
  return find_builtin(kTests, name);
}

}  // namespace sluice::text

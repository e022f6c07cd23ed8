// The arithmetic half of template_operators.h. Integers are 64 bits wide here: what would leave them is an error.
#include <cmath>

#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_printf.h"

namespace sluice::text {
namespace {

constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "//", "%", "**", "~"};

Error refuse(BinaryOp op, const Value& a, const Value& b) {
  for (const Value* value : {&a, &b}) {
    if (value->is_undefined()) return {Code::invalid, value->as_text().bytes()};
  }
  return {Code::invalid, "'" + std::string(kSigns[static_cast<size_t>(op)]) + "' does not work on '" +
                             std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'"};
}

Error too_big() {
  return {Code::invalid, "an integer leaves the 64-bit range"};
}
Error zero_division() {
  return {Code::invalid, "division by zero"};
}

int64_t floor_quotient(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient * b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Result<int64_t> integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return too_big();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return too_big();
  }
  return result;
}

Result<int64_t> integer_result(BinaryOp op, int64_t a, int64_t b) {
  int64_t out = 0;
  switch (op) {
    case BinaryOp::add:
      if (__builtin_add_overflow(a, b, &out)) return too_big();
      return out;
    case BinaryOp::subtract:
      if (__builtin_sub_overflow(a, b, &out)) return too_big();
      return out;
    case BinaryOp::multiply:
      if (__builtin_mul_overflow(a, b, &out)) return too_big();
      return out;
    case BinaryOp::power:
      return integer_power(a, b);
    default:
      break;
  }
  if (b == 0) return zero_division();
  if (b == -1) {  // the one divisor that can overflow
    if (op == BinaryOp::modulo) return int64_t{0};
    if (__builtin_sub_overflow(int64_t{0}, a, &out)) return too_big();
    return out;
  }
  const int64_t quotient = floor_quotient(a, b);
  return op == BinaryOp::floor_divide ? quotient : a - quotient * b;
}

Result<double> real_result(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::add:
      return a + b;
    case BinaryOp::subtract:
      return a - b;
    case BinaryOp::multiply:
      return a * b;
    case BinaryOp::power: {
      if (a == 0 && b < 0) return zero_division();
      const double power = std::pow(a, b);
      if (std::isnan(power) && !std::isnan(a) && !std::isnan(b)) {
        return Error{Code::invalid, "a negative number to a fractional power is complex"};
      }
      if (std::isinf(power) && !std::isinf(a) && !std::isinf(b)) return Error{Code::invalid, "a power is too large"};
      return power;
    }
    default:
      break;
  }
  if (b == 0) return zero_division();
  if (op == BinaryOp::divide) return a / b;
  double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0 && (remainder < 0) != (b < 0)) {
    remainder += b;
    quotient -= 1;
  }
  if (op == BinaryOp::modulo) return remainder == 0 ? std::copysign(0.0, b) : remainder;
  return std::floor(quotient + 0.5);
}

Result<Value> numbers(BinaryOp op, const Value& a, const Value& b) {
  const Origin origin =
      a.origin() == Origin::content || b.origin() == Origin::content ? Origin::content : Origin::markup;
  const bool big = a.is(Value::Kind::big_integer) || b.is(Value::Kind::big_integer);
  const bool real = a.is(Value::Kind::real) || b.is(Value::Kind::real) || op == BinaryOp::divide;
  if (big && !real) return too_big();
  if (real || (op == BinaryOp::power && b.as_integer() < 0)) {
    SLUICE_TRY(const double result, real_result(op, a.as_real(), b.as_real()));
    return Value::real(result, origin);
  }
  SLUICE_TRY(const int64_t result, integer_result(op, a.as_integer(), b.as_integer()));
  return Value::integer(result, origin);
}

Result<Value> joined_text(Runtime& runtime, const Text& a, const Text& b) {
  SLUICE_TRY_VOID(runtime.budget().reserve(a.footprint() + b.footprint()));
  SLUICE_TRY_VOID(runtime.budget().step((a.size() + b.size()) / 256));
  Text out = a;
  out.append(b);
  return runtime.string(std::move(out));
}

bool plain_sequence(const Value& value) {
  return value.is_list() && (value.as_list().kind == ListKind::list || value.as_list().kind == ListKind::tuple);
}

Result<Value> joined_lists(Runtime& runtime, const List& a, const List& b) {
  SLUICE_TRY_VOID(runtime.budget().step(a.items.size() + b.items.size()));
  SLUICE_TRY_VOID(runtime.budget().reserve((a.items.size() + b.items.size()) * sizeof(Value)));
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return runtime.list(std::move(items), a.kind);
}

// What each repetition adds: where origins alternate, the seam is a mark too.
uint64_t repeated_size(const Text& text) {
  return text.footprint() + (text.uniform() ? 0 : Text::kMarkBytes);
}

Result<Value> repeated(Runtime& runtime, const Value& sequence, int64_t times) {
  const uint64_t n = times < 0 ? 0 : static_cast<uint64_t>(times);
  const uint64_t size =
      sequence.is_string() ? repeated_size(sequence.as_text()) : sequence.as_list().items.size() * sizeof(Value);
  uint64_t total = 0;
  if (__builtin_mul_overflow(n, size, &total)) total = UINT64_MAX;
  SLUICE_TRY_VOID(runtime.budget().reserve(total));
  SLUICE_TRY_VOID(runtime.budget().step(total / 64));
  if (sequence.is_string()) {
    Text out;
    for (uint64_t i = 0; size > 0 && i < n; ++i) out.append(sequence.as_text());
    return runtime.string(std::move(out));
  }
  std::vector<Value> items;
  for (uint64_t i = 0; size > 0 && i < n; ++i) {
    items.insert(items.end(), sequence.as_list().items.begin(), sequence.as_list().items.end());
  }
  return runtime.list(std::move(items), sequence.as_list().kind);
}

}  // namespace

Result<Value> binary(Runtime& runtime, BinaryOp op, const Value& a, const Value& b) {
  if (op == BinaryOp::concat) {
    SLUICE_TRY(const Text left, to_str(runtime, a));
    SLUICE_TRY(const Text right, to_str(runtime, b));
    return joined_text(runtime, left, right);
  }
  if (a.is_number() && b.is_number()) return numbers(op, a, b);
  if (op == BinaryOp::add) {
    if (a.is_string() && b.is_string()) return joined_text(runtime, a.as_text(), b.as_text());
    if (plain_sequence(a) && plain_sequence(b) && a.as_list().kind == b.as_list().kind) {
      return joined_lists(runtime, a.as_list(), b.as_list());
    }
  }
  if (op == BinaryOp::multiply) {
    if ((a.is_string() || plain_sequence(a)) && b.is_integral()) return repeated(runtime, a, b.as_integer());
    if ((b.is_string() || plain_sequence(b)) && a.is_integral()) return repeated(runtime, b, a.as_integer());
  }
  if (op == BinaryOp::modulo && a.is_string()) return printf_format(runtime, a.as_text(), b);
  return refuse(op, a, b);
}

Result<Value> negate(const Value& value) {
  if (value.is(Value::Kind::real)) return Value::real(-value.as_real(), value.origin());
  if (value.is_undefined()) return Error{Code::invalid, value.as_text().bytes()};
  if (!value.is_integral())
    return Error{Code::invalid, "unary '-' does not work on '" + std::string(type_name(value)) + "'"};
  int64_t out = 0;
  if (__builtin_sub_overflow(int64_t{0}, value.as_integer(), &out)) return too_big();
  return Value::integer(out, value.origin());
}

}  // namespace sluice::text

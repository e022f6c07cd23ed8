// Filters that give numbers, and default.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "text/template_operators.h"
#include "text/template_sequences.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

Result<Value> length_of(Runtime& runtime, const Value& self, const Arguments&) {
  if (self.is_string()) SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 256));
  SLUICE_TRY(const int64_t n, length(self));
  return Value::integer(n);
}

Result<Value> default_value(Runtime& runtime, const Value& self, const Arguments& args) {
  if (!self.is_undefined() && !(flag_argument(args, 1, false) && !truthy(self))) return self;
  return has_argument(args, 0) ? args.positional[0] : runtime.string(Text());
}

// Digits as Python's int() takes them: blanks around, a sign, single underscores between digits.
bool read_integer(std::string_view source, int base, int64_t& out) {
  const Text stripped = strip(Text(source, Origin::markup), Sides::both, std::nullopt);
  std::string digits;
  for (size_t i = 0; i < stripped.size(); ++i) {
    const char c = stripped.bytes()[i];
    const bool between = i > 0 && i + 1 < stripped.size() && stripped.bytes()[i - 1] != '_' && digits != "-";
    if (c == '_' && !between) return false;
    if (c != '_' && !(c == '+' && i == 0 && stripped.size() > 1 && stripped.bytes()[1] != '-')) digits += c;
  }
  const std::string_view prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
  const size_t sign = digits.starts_with('-') ? 1 : 0;
  if (!prefix.empty() && digits.size() > sign + 2 && digits.compare(sign, 2, prefix) == 0) digits.erase(sign, 2);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

bool read_real(std::string_view source, double& out) {
  const Text stripped = strip(Text(source, Origin::markup), Sides::both, std::nullopt);
  std::string_view digits = stripped.view();
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

Result<Value> truncated(double v, Origin origin) {
  if (!(v > -9.2e18 && v < 9.2e18)) return Error{Code::invalid, "int: the number leaves the 64-bit range"};
  return Value::integer(static_cast<int64_t>(v), origin);
}

Result<Value> to_int(Runtime& runtime, const Value& self, const Arguments& args) {
  if (self.is_undefined()) return Error{Code::invalid, self.as_text().bytes()};
  if (self.is(Value::Kind::big_integer)) return self;
  if (self.is(Value::Kind::real) && std::isfinite(self.as_real())) return truncated(self.as_real(), self.origin());
  if (self.is_integral()) return Value::integer(self.as_integer(), self.origin());
  if (self.is_string()) {
    SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 16));
    SLUICE_TRY(const int64_t base, integer_argument(args, 1, 10));
    if (base < 2 || base > 36) return Error{Code::invalid, "int: the base must be from 2 to 36"};
    int64_t n = 0;
    double v = 0;
    if (read_integer(self.as_text().view(), static_cast<int>(base), n)) return Value::integer(n, self.origin());
    if (read_real(self.as_text().view(), v) && std::isfinite(v)) return truncated(v, self.origin());
  }
  return has_argument(args, 0) ? args.positional[0] : Value::integer(0);
}

Result<Value> to_float(Runtime& runtime, const Value& self, const Arguments& args) {
  if (self.is_undefined()) return Error{Code::invalid, self.as_text().bytes()};
  if (self.is_number()) return Value::real(self.as_real(), self.origin());
  double v = 0;
  if (self.is_string()) SLUICE_TRY_VOID(runtime.budget().step(self.as_text().size() / 16));
  if (self.is_string() && read_real(self.as_text().view(), v)) return Value::real(v, self.origin());
  return has_argument(args, 0) ? args.positional[0] : Value::real(0);
}

Result<Value> absolute(Runtime&, const Value& self, const Arguments&) {
  if (self.is(Value::Kind::real)) return Value::real(std::fabs(self.as_real()), self.origin());
  if (self.is_integral() && self.as_integer() >= 0) return Value::integer(self.as_integer(), self.origin());
  return negate(self);
}

Result<Value> round_to(Runtime&, const Value& self, const Arguments& args) {
  SLUICE_TRY(const int64_t digits, integer_argument(args, 0, 0));
  if (!self.is_number())
    return Error{Code::invalid, "round: a number is needed, not '" + std::string(type_name(self)) + "'"};
  if (digits < -300 || digits > 300) return Error{Code::invalid, "round: a precision beyond 300"};
  const std::string method = args.positional[1].is_string() ? args.positional[1].as_text().bytes() : "common";
  const double v = self.as_real();
  if (!std::isfinite(v)) return self;
  const double scale = std::pow(10.0, static_cast<double>(digits));
  if (method == "ceil") return Value::real(std::ceil(v * scale) / scale, self.origin());
  if (method == "floor") return Value::real(std::floor(v * scale) / scale, self.origin());
  if (method != "common") return Error{Code::invalid, "round: the method must be common, ceil or floor"};
  if (self.is_integral() && digits >= 0) return self;
  if (digits < 0) {
    const double rounded = std::nearbyint(v * scale) / scale;
    return self.is_integral() ? truncated(rounded, self.origin()) : Result<Value>(Value::real(rounded, self.origin()));
  }
  char buffer[700];  // 309 digits before the point, 300 after
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(digits), v);
  return Value::real(std::strtod(buffer, nullptr), self.origin());
}

constexpr Builtin kFilters[] = {
    {"length", "", 0, length_of},
    {"count", "", 0, length_of},
    {"default", "default_value boolean", 0, default_value},
    {"d", "default_value boolean", 0, default_value},
    {"int", "default base", 0, to_int},
    {"float", "default", 0, to_float},
    {"abs", "", 0, absolute},
    {"round", "precision method", 0, round_to},
};

}  // namespace

std::span<const Builtin> number_filters() {
  return kFilters;
}

}  // namespace sluice::text

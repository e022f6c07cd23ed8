#include "text/template_printf.h"

#include "text/quote.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

constexpr std::string_view kDigits = "0123456789";

// Walks "%(name)-08.3f" conversions; the values come from a tuple in order, a mapping by name, or are one value.
class Printf {
 public:
  Printf(Runtime& runtime, const Text& format, const Value& values)
      : runtime_(runtime), format_(format), bytes_(format.view()), values_(values) {}

  Result<Value> run() && {
    while (at_ < bytes_.size()) {
      const size_t percent = std::min(bytes_.find('%', at_), bytes_.size());
      out_.append(format_, at_, percent);
      at_ = percent + 1;
      if (percent < bytes_.size()) SLUICE_TRY_VOID(conversion());
      SLUICE_TRY_VOID(runtime_.budget().reserve(out_.footprint()));
    }
    const bool tuple = values_.is_list() && values_.as_list().kind == ListKind::tuple;
    if (tuple ? next_ < values_.as_list().items.size() : next_ == 0 && !values_.is_map() && !values_.is_list()) {
      return Error{Code::invalid, "'%': not all arguments are used by the format"};
    }
    return runtime_.string(std::move(out_));
  }

 private:
  bool at_end() const { return at_ >= bytes_.size(); }

  Result<int> number() {
    int n = 0;
    while (!at_end() && kDigits.find(bytes_[at_]) != std::string_view::npos) {
      n = n * 10 + (bytes_[at_++] - '0');
      if (n > 10000) return Error{Code::invalid, "'%': a width or precision above 10000"};
    }
    return n;
  }

  Result<Value> next_value(const std::string* name) {
    if (name != nullptr) {
      if (!values_.is_map()) return Error{Code::invalid, "'%': a named conversion needs a mapping"};
      const Map::Entry* entry = values_.as_map().find(*name);
      if (entry == nullptr) return Error{Code::invalid, "'%': the mapping has no such key"};
      return entry->value;
    }
    const bool tuple = values_.is_list() && values_.as_list().kind == ListKind::tuple;
    const size_t count = tuple ? values_.as_list().items.size() : 1;
    if (next_ >= count) return Error{Code::invalid, "'%': not enough arguments for the format"};
    return tuple ? values_.as_list().items[next_++] : (++next_, values_);
  }

  Result<FieldStyle> flags() {
    FieldStyle style;
    style.align = '>';
    for (; !at_end() && std::string_view("-+ 0#").find(bytes_[at_]) != std::string_view::npos; ++at_) {
      if (bytes_[at_] == '-') style.align = '<';
      if (bytes_[at_] == '+' || bytes_[at_] == ' ') style.sign = bytes_[at_];
      if (bytes_[at_] == '#') style.alternate = true;
      if (bytes_[at_] == '0' && style.align != '<') style.fill = "0";
    }
    SLUICE_TRY(style.width, number());
    if (!at_end() && bytes_[at_] == '.') {
      ++at_;
      SLUICE_TRY(style.precision, number());
    }
    return style;
  }

  Status conversion() {
    std::string name;
    const bool named = !at_end() && bytes_[at_] == '(';
    if (named) {
      const size_t close = bytes_.find(')', at_);
      if (close == std::string_view::npos) return Error{Code::invalid, "'%': '(' without ')'"};
      name = bytes_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
    }
    SLUICE_TRY(FieldStyle style, flags());
    if (at_end()) return Error{Code::invalid, "'%': the format ends inside a conversion"};
    const char type = bytes_[at_++];
    if (type == '%') {
      out_.append(format_, at_ - 1, at_);
      return {};
    }
    SLUICE_TRY(const Value value, next_value(named ? &name : nullptr));
    SLUICE_TRY(const Text text, converted(type, value, style));
    out_.append(text);
    return {};
  }

  Result<Text> converted(char type, const Value& value, FieldStyle style) {
    if (type == 's' || type == 'r' || type == 'a') {
      style.fill = " ";
      SLUICE_TRY(Text text, type == 's' ? to_str(runtime_, value) : to_repr(runtime_, value));
      return format_field(runtime_, Value::string(std::move(text)), style);
    }
    if (std::string_view("diufFeEgGxXo").find(type) == std::string_view::npos) {
      return Error{Code::invalid, "'%': unsupported conversion " + quote_text({&type, 1})};
    }
    if (!value.is_number())
      return Error{Code::invalid, "'%': a number is needed, not '" + std::string(type_name(value)) + "'"};
    if (style.fill == "0") style.align = '=';
    style.type = type == 'i' || type == 'u' ? 'd' : type;
    if (style.type == 'd' && value.is(Value::Kind::real)) {
      const double v = value.as_real();
      if (!(v > -9e18 && v < 9e18)) return Error{Code::invalid, "'%d': the number is too large"};
      return format_field(runtime_, Value::integer(static_cast<int64_t>(v), value.origin()), style);
    }
    return format_field(runtime_, value, style);
  }

  Runtime& runtime_;
  const Text& format_;
  std::string_view bytes_;
  const Value& values_;
  Text out_;
  size_t at_ = 0;
  size_t next_ = 0;
};

}  // namespace

Result<Value> printf_format(Runtime& runtime, const Text& format, const Value& values) {
  SLUICE_TRY_VOID(runtime.budget().step(format.size() / 8));
  return Printf(runtime, format, values).run();
}

}  // namespace sluice::text

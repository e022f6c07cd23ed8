// Reads the fields of a JSON object that came from outside. Every field must be asked for: what nobody knew is refused at
// the end, never ignored. The first thing that is wrong is kept; later ones are not looked at.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::serve {

class Fields {
 public:
  // `where` stands before names in errors: "messages[2]." REQUIRES: object.is_map(), and it outlives this.
  explicit Fields(const text::Value& object, std::string where = "") : object_(object), where_(std::move(where)) {}

  // Null where the field is absent or JSON null. Of any type.
  const text::Value* any(std::string_view name);
  const text::Value* list(std::string_view name);
  const text::Value* map(std::string_view name);
  std::optional<std::string> string(std::string_view name);
  std::optional<bool> boolean(std::string_view name);
  std::optional<double> number(std::string_view name, double least, double most);
  std::optional<int64_t> integer(std::string_view name, int64_t least, int64_t most);
  // One of these; empty where it is absent.
  std::string one_of(std::string_view name, std::initializer_list<std::string_view> choices);

  // Fields that change nothing in the answer.
  void accept(std::initializer_list<std::string_view> names);
  // A field we cannot honour: refused unless it is absent, null, false, or empty.
  void refuse(std::string_view name, std::string_view why);

  // Keeps the error if it is the first: "NAME: MESSAGE", or with an empty name only the message.
  void wrong(std::string_view name, std::string message, Code code = Code::invalid);
  bool good() const { return !error_; }
  // The first error; or that of a field nobody asked for.
  Status finish();

 private:
  const text::Value& object_;
  const std::string where_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

// A body of at most 400 000 values, as parse_json counts them. Errors: invalid (no JSON object, too many values).
Result<text::Value> parse_body(std::string_view body);

}  // namespace sluice::serve

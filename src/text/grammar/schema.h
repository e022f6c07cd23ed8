// JSON Schema (draft 2020-12 and its forerunners, the part that docs/grammar.md lists) to grammar nodes. What a schema
// demands and we cannot guarantee is an error that names the keyword and its place.
//
// Objects take their properties in the schema's order. Properties that the schema does not name appear only where
// additionalProperties is given (or no properties are). A keyword for another type than "type" names has no effect, as
// the standard says; without "type", the keywords decide which types are meant.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sluice/status.h"
#include "text/grammar/json_pieces.h"
#include "text/grammar/schema_values.h"
#include "text/value.h"

namespace sluice::text {

class SchemaCompiler {
 public:
  // `root` is what "#" means in $ref. All schemas of a grammar share what work there is.
  SchemaCompiler(JsonPieces& pieces, const Value& root, SchemaWork& work) : pieces_(pieces), g_(pieces.grammar()), root_(root), work_(work) {}

  // JSON that the schema accepts. `path` is for errors.
  Result<NodeId> compile(const Value& schema, const std::string& path);
  // The value of a tool's parameter between tags, up to and with "</parameter>", a line break before it: strings are raw
  // text, anything else JSON (True, False and None may be written for true, false and null, as chat templates do).
  Result<NodeId> tagged_value(const Value& schema, const std::string& path);
  // The schema with $ref and allOf merged in, without descriptions; what of anyOf and oneOf is left open stays.
  Result<Value> flat(const Value& schema, const std::string& path, int depth = 0);

 private:
  static constexpr int kMostSchemaDepth = 150;
  // A `way` in which a schema can hold has no $ref, allOf, anyOf or oneOf any more.
  Result<NodeId> compile_inside(const Value& schema, const std::string& path);
  Result<NodeId> reference(const std::string& pointer, const std::string& path);
  Result<const Value*> find(const std::string& pointer, const std::string& path) const;
  Result<std::vector<Value>> ways(const Value& schema, const std::string& path, int depth);
  Result<std::vector<std::string>> meant_types(const Value& way, const std::string& path) const;
  Result<NodeId> any_of_types(const Value& way, const std::string& path);
  Result<std::vector<Value>> listed_values(const Value& way, const std::string& path) const;
  Result<NodeId> typed(const Value& way, const std::string& type, const std::string& path);
  Result<NodeId> object(const Value& way, const std::string& path);
  Result<NodeId> array(const Value& way, const std::string& path);
  Result<NodeId> quoted_string(const Value& way, const std::string& path);
  Result<NodeId> string_text(const Value& way, const std::string& path, Spelling spelling, NodeId any);
  Result<NodeId> tagged_way(const Value& way, const std::string& path, bool& raw);
  Result<NodeId> tagged_type(const Value& way, const std::string& type, const std::string& path, bool& raw);
  Status spend(const Value& schema, const std::string& path);

  JsonPieces& pieces_;
  Grammar& g_;
  const Value& root_;
  SchemaWork& work_;
  std::map<std::string, RuleId> references_;
  size_t spent_ = 0;
  int depth_ = 0;
};

struct SchemaProperty {
  std::string name;
  Value schema;
  bool required = false;
};
// Those declared, in order, then those that are only required. Errors: corrupt.
Result<std::vector<SchemaProperty>> schema_properties(const Value& way, const std::string& path);
// A bound such as minItems. Errors: corrupt.
Result<int32_t> schema_count(const Value& way, std::string_view keyword, const std::string& path, int32_t without);
// Numbers as "minimum" and its like bound them.
Result<NodeId> schema_number(JsonPieces& pieces, const Value& way, bool integer, const std::string& path);
// A pattern for a "format". Errors: unsupported.
Result<std::string> format_pattern(const Value& format, const std::string& path);

}  // namespace sluice::text

// Random ways through schemas, for differential.py. A line of JSON in, {"schema", "texts": [...], "ways": N, "seed": N}; a
// line out, {"error": ...} or {"accepted": [bool, ...], "ways": [text, ...]}.
#include <iostream>

#include "support/constraint_walk.h"

using namespace sluice;
using text::Value;

namespace {

Value answer(const Value& request) {
  const auto compiled = text::compile_schema(test::walk_vocabulary().trie, *request.find("schema"), {});
  if (!compiled.ok()) return Value::map({{"error", Value::string(compiled.error().message)}});
  const Value accepted = Value::list(), ways = Value::list();
  for (const Value& text : request.find("texts")->as_list().items) {
    accepted.push(Value::boolean(test::accepts(**compiled, text.as_text().bytes(), true)));
  }
  std::mt19937 random(static_cast<uint32_t>(request.find("seed")->as_integer()));
  for (int64_t i = 0; i < request.find("ways")->as_integer(); ++i) {
    ways.push(Value::string(test::random_text(**compiled, random, 400 + 20 * i)));
  }
  return Value::map({{"accepted", accepted}, {"ways", ways}});
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto request = text::parse_json(line);
    if (!request.ok()) return 1;
    std::cout << text::to_json(answer(*request), {.ensure_ascii = true}) << std::endl;
  }
  return ::testing::Test::HasFailure() ? 1 : 0;
}

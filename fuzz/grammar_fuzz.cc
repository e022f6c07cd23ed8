// A schema, a GBNF grammar or a tool list from a client: whatever it is, compiling it and walking through what it allows
// must end with an answer or an error, and on the way a mask must have exactly the tokens that the automaton takes byte by
// byte. The first byte says what the rest is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "text/byte_map.h"
#include "text/grammar/constraints.h"
#include "text/grammar/token_masks.h"

using namespace sluice;
using namespace sluice::text;

namespace {

constexpr int64_t kMostWork = 1 << 25;  // Automaton::allow; under a second with sanitizers

struct Bytes {
  Bytes() {
    Vocabulary v;
    for (int b = 0; b < 256; ++b) v.tokens.push_back(spell_bytes(std::string(1, static_cast<char>(b))));
    v.added.push_back({256, "<|stop|>", true});
    v.added.push_back({257, "<tool_call>", false});
    int32_t id = 258;
    for (const char* text : {"\", \"", "ab", "a\n", "b\"", "a\xc3", "\xc3\xa9", "\xc3\xa9<", "</", "a</a", "\n\n", "aaaaaaaaaaaa", "a\"a\n", "1,"}) {
      v.added.push_back({id++, text, false});
    }
    tokenizer = std::move(Tokenizer::create(std::move(v))).value();
    const int32_t stop = 256;
    trie = std::move(make_token_trie(*tokenizer, std::span(&stop, 1))).value();
  }
  std::unique_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const TokenTrie> trie;
};

Result<std::shared_ptr<CompiledGrammar>> compile(uint8_t kind, std::string_view text, const std::shared_ptr<const TokenTrie>& trie) {
  if (kind % 4 == 0) return compile_schema(trie, text, {});
  if (kind % 4 == 1) return compile_gbnf(trie, text, {.in_reasoning = kind >= 128});
  if (kind % 4 == 2) {
    const Value schema = Value::map({{"type", Value::string("string")}, {"pattern", Value::string(text)}});
    return compile_schema(trie, schema, {});
  }
  SLUICE_TRY(const Value tools, parse_json(text));
  return compile_tools(trie, tools, {.syntax = kind >= 128 ? ToolSyntax::xml : ToolSyntax::json, .choice = {.kind = ToolChoice::required}});
}

// False: it is more work than there is time for.
bool check_masks(const std::shared_ptr<CompiledGrammar>& compiled, const std::shared_ptr<const TokenTrie>& trie, const uint8_t* data, size_t size) {
  TokenMasks masks(std::shared_ptr<const CheckedGrammar>(compiled, &compiled->grammar()), trie);
  masks.automaton().allow(kMostWork);
  StateId state = masks.automaton().start();
  for (size_t i = 0; i < 40; ++i) {
    const TokenMasks::Mask mask = masks.mask(state);
    std::vector<StateId> next;
    for (int32_t id = 0; id < trie->size(); ++id) {
      const StateId to = trie->kind(id) == TokenTrie::Kind::text ? masks.step(state, trie->bytes(id)) : Automaton::dead;
      if (masks.automaton().spoilt()) return !masks.automaton().overworked();
      if (has_bit(mask.bits, id) != (to != Automaton::dead)) std::abort();
      if (to != Automaton::dead) next.push_back(to);
    }
    if (next.empty()) return true;
    state = next[(data[i % size] * 7u + i) % next.size()];
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Bytes bytes;
  if (size == 0 || size > 4096) return 0;
  const auto compiled = compile(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1}, bytes.trie);
  if (!compiled.ok()) return 0;
  if (!check_masks(*compiled, bytes.trie, data, size)) return 0;
  const auto constraint = (*compiled)->constraint();
  std::vector<uint64_t> bits(8);
  for (size_t i = 0; i < 40; ++i) {
    if (!constraint->allowed(bits, static_cast<int64_t>(60 - i)).ok()) return 0;
    std::vector<int32_t> ids;
    for (int32_t id = 0; id < bytes.tokenizer->size(); ++id) {
      if (has_bit(bits, id)) ids.push_back(id);
    }
    const int32_t id = ids[(data[i % size] * 7u + i) % ids.size()];
    if (!constraint->accept(id).ok()) return 0;
    if (id == 256) return 0;
  }
  return 0;
}

// Masks against the automaton asked about every token on its own, byte by byte: the same tokens in every state on random
// ways through grammars whose strings are counted, nested, restricted and mixed with escapes.
#include "text/grammar/token_masks.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "support/tokenizers.h"
#include "text/grammar/constraints.h"

namespace sluice::text {
namespace {

// Bytes; plain words, long ones among them; whole characters and parts of some; quotes, escapes and tags in all places.
struct MaskVocabulary {
  MaskVocabulary() {
    std::vector<std::string> words = {"\", \"", "\": ", "\"}", "{\"", "\"]", "]}", "\\\"", "\\u00", "\\n", "a\", \"b", "word", " word", "words and", "true",
                                      "12", "</", "<tool", "a<b", "</parameter>\n", "x\n", "\t\t", "don't", "/x", "=\"", "\xc3\xa9", "\xc3\xa9t\xc3\xa9", "\xd0\xb4\xd0\xb0",
                                      "t</", "to\n", "p\n", "pa</", "a\nb\"c", "x\"\ny", "wo\", \"", "word\n", "b\\n",
                                      "t\xc3\xa9\n", "rd\xe4\xbd", "\xc3\xa9\xf0\x9f", "\nb", "\n</",
                                      "\xe4\xbd\xa0", "\xe4\xbd", "\xbd\xa0", "\xf0\x9f\x98\x80", "\xf0\x9f", "a\xe4\xbd\xa0", "\xed\xa0", "\xc3\xa9\""};
    for (const size_t n : {2, 3, 5, 8, 13, 21, 40}) {
      for (const char* c : {" ", "=", "z", "7"}) words.push_back(std::string(n * 1, *c));
    }
    words.push_back(std::string(30, 'q') + "\"");
    words.push_back(std::string(30, 'q') + "\xc3\xa9");
    Vocabulary v = test::byte_vocabulary(words);
    stop = static_cast<int32_t>(v.tokens.size());
    v.added = {{stop, "<|stop|>", true}, {stop + 1, "<tool_call>", false}, {stop + 2, "word", false}, {stop + 3, "/x", false}};  // the last two: twins
    tokenizer = test::must_create(std::move(v));
    trie = std::move(make_token_trie(*tokenizer, std::span(&stop, 1))).value();
  }
  std::unique_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const TokenTrie> trie;
  int32_t stop = 0;
};

const MaskVocabulary& vocabulary() {
  static const MaskVocabulary v;
  return v;
}

void walk(const std::shared_ptr<CompiledGrammar>& compiled, uint32_t seed) {
  const std::shared_ptr<const CheckedGrammar> grammar(compiled, &compiled->grammar());
  const auto& trie = vocabulary().trie;
  TokenMasks masks(grammar, trie), plain(grammar, trie);
  std::mt19937 random(seed);
  for (int way = 0; way < 12; ++way) {
    StateId state = masks.automaton().start(), other = plain.automaton().start();
    std::string text;
    for (int n = 0; n < 60 && state != Automaton::dead; ++n) {
      const TokenMasks::Mask mask = masks.mask(state);
      std::vector<int32_t> allowed;
      int32_t worst = 0;
      for (int32_t id = 0; id < trie->size(); ++id) {
        if (trie->kind(id) != TokenTrie::Kind::text) continue;
        const StateId to = plain.step(other, trie->bytes(id));
        ASSERT_EQ(has_bit(mask.bits, id), to != Automaton::dead) << "token '" << trie->bytes(id) << "' behind '" << text << "'";
        if (to == Automaton::dead) continue;
        allowed.push_back(id);
        worst = std::max(worst, plain.automaton().state(to).shortest);
      }
      ASSERT_GE(mask.worst, worst);
      ASSERT_EQ(mask.all, allowed.size() == trie->texts());
      ASSERT_FALSE(masks.automaton().full() || masks.automaton().ambiguous());
      if (allowed.empty()) break;
      // Short tokens mostly: long ways through strings.
      int32_t id = allowed[random() % allowed.size()];
      for (int i = 0; i < 3 && trie->bytes(id).size() > 6; ++i) id = allowed[random() % allowed.size()];
      text += trie->bytes(id);
      state = masks.step(state, trie->bytes(id));
      other = plain.step(other, trie->bytes(id));
    }
  }
}

TEST(TokenMasks, AreWhatTheAutomatonSaysOfEveryToken) {
  const std::string schemas[] = {
      R"({"type": "string"})",
      R"({"type": "string", "minLength": 1})",
      R"({"type": "string", "minLength": 3, "maxLength": 25})",
      R"({"type": "string", "maxLength": 9})",
      R"({"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 20})",
      R"({"type": "object", "properties": {"a": {"type": "string", "maxLength": 50}, "b": {"type": "integer"}, "c": {"enum": ["word", "words", "été"]}}, "additionalProperties": {"type": "string"}})",
      R"({"anyOf": [{"type": "string", "maxLength": 12}, {"type": "array", "items": {"type": "string"}}]})",
      R"({"type": "string", "pattern": "^([a-z ]{0,20}=)*[^q]{10,60}$"})",
      R"({"type": "string", "pattern": "^([^z]{0,10}z){0,15}$"})",
      R"({})"};
  for (const std::string& schema : schemas) {
    SCOPED_TRACE(schema);
    const auto compiled = compile_schema(vocabulary().trie, schema, {});
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    for (uint32_t seed = 1; seed <= 4; ++seed) walk(*compiled, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(TokenMasks, OfToolCallsAndGbnfToo) {
  const Value tools = std::move(parse_json(R"([{"type": "function", "function": {"name": "save", "parameters": {"type": "object", "properties": {
      "title": {"type": "string"}, "note": {"type": "string", "maxLength": 40}, "tags": {"type": "array", "items": {"type": "string"}}}}}}])")).value();
  for (const ToolSyntax syntax : {ToolSyntax::xml, ToolSyntax::json}) {
    for (const auto kind : {ToolChoice::automatic, ToolChoice::required}) {
      const auto compiled = compile_tools(vocabulary().trie, tools, {.syntax = syntax, .choice = {.kind = kind}});
      ASSERT_TRUE(compiled.ok()) << compiled.error().message;
      for (uint32_t seed = 1; seed <= 4; ++seed) walk(*compiled, seed);
    }
  }
  for (const char* source : {"root ::= [^\\n]{0,20} \"\\n\" ([^<] | \"<\" [^/])*", "root ::= (word \" \"){2,30}\nword ::= [^ \"]{1,10} | \"\\\"\" [^\"]* \"\\\"\"",
                             "root ::= ([^a]{0,9} \"a\"){0,20}",
                             // Text that may end anywhere, before what goes on plain and before what does not.
                             "root ::= text [a-z] \"\\n\" [^<]*\ntext ::= [^\\n]*", "root ::= text \"\xc3\xa9\\n\" [^<]*\ntext ::= [^\\n]*",
                             "root ::= (text \"\\n\"){1,9} text \"<\" [ab]\ntext ::= [^<\\n]*",
                             "root ::= text \"\\\"\" [^<]* | \"x\" text \"<\"\ntext ::= ([^\\n\\\"\\\\<] | \"\\\\\" [a-z])*"}) {
    SCOPED_TRACE(source);
    const auto compiled = compile_gbnf(vocabulary().trie, source, {});
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    for (uint32_t seed = 1; seed <= 4; ++seed) walk(*compiled, seed);
  }
}

}  // namespace
}  // namespace sluice::text

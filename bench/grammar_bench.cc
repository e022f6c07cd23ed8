// Masks of constrained answers with a vocabulary of Qwen3.5's size (248 044 tokens, made from Qwen2's as in
// tokenizer_bench.cc): what a token costs on the way through an answer, for a grammar that is new and for one that has
// served before, and what it costs to compile one.
#include <benchmark/benchmark.h>

#include <random>
#include <unordered_set>

#include "support/gguf_vocabulary.h"
#include "text/grammar/constraints.h"

namespace {

using namespace sluice;
using namespace sluice::text;

struct Large {
  Large() {
    auto source = test::read_gguf_vocabulary(SLUICE_SOURCE_DIR "/tests/data/tokenizers/qwen3_5/ggml-vocab-qwen35.gguf");
    Vocabulary v = std::move(vocabulary_from_gguf(source.tokens, source.types, source.merges, source.pre)).value();
    v.added.clear();
    v.tokens.resize(151643);
    std::unordered_set<std::string> known(v.tokens.begin(), v.tokens.end());
    std::mt19937 random(1);
    while (v.tokens.size() < 248044) {
      const std::string left = v.tokens[random() % 151643], right = v.tokens[random() % 20000];
      if (left.size() + right.size() <= 16 && known.insert(left + right).second) v.tokens.push_back(left + right);
    }
    v.added = {{248044, "<|im_end|>", true}, {248045, "<tool_call>", false}, {248046, "</tool_call>", false}};
    tokenizer = std::move(Tokenizer::create(std::move(v))).value();
    trie = std::move(make_token_trie(*tokenizer, stops)).value();
  }
  const std::vector<int32_t> stops = {248044};
  std::unique_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const TokenTrie> trie;
};

const Large& large() {
  static const Large vocabulary;
  return vocabulary;
}

using Compile = std::shared_ptr<CompiledGrammar> (*)();

constexpr std::string_view kSchema = R"({"type": "object", "properties": {"title": {"type": "string"}, "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
  "tags": {"type": "array", "items": {"type": "string"}}, "rating": {"type": "number"}, "kind": {"enum": ["film", "book", "song"]},
  "note": {"type": "string", "maxLength": 200}}, "required": ["title", "year", "tags", "kind", "note"], "additionalProperties": false})";
const std::string kAnswer =
    R"({"title": "The surveyors of the northern ridge", "year": 1974, "tags": ["rivers", "stone bridges", "measuring"], "rating": 4.5, "kind": "book", "note": "They came down in the late afternoon, boots heavy with clay, figures not agreeing."})";

std::shared_ptr<CompiledGrammar> schema() { return std::move(compile_schema(large().trie, kSchema, {})).value(); }

std::shared_ptr<CompiledGrammar> tools() {
  const Value list = Value::list({Value::map({{"name", Value::string("save")}, {"parameters", std::move(parse_json(kSchema)).value()}})});
  return std::move(compile_tools(large().trie, list, {})).value();
}
const std::string kCall =
    "I will save this for you.\n\n<tool_call>\n<function=save>\n<parameter=title>\nThe surveyors of the northern ridge\n</parameter>\n<parameter=year>\n1974\n</parameter>\n"
    "<parameter=tags>\n[\"rivers\", \"stone bridges\"]\n</parameter>\n<parameter=kind>\nbook\n</parameter>\n<parameter=note>\nThey came down in the late afternoon.\n</parameter>\n</function>\n</tool_call>";

void lead(CompiledGrammar& grammar, const std::vector<int32_t>& ids, std::vector<uint64_t>& bits, benchmark::State& state) {
  const auto constraint = grammar.constraint();
  auto left = static_cast<int64_t>(4096);
  for (int32_t id : ids) {
    if (!constraint->allowed(bits, left--).ok() || !has_bit(bits, id) || !constraint->accept(id).ok()) return state.SkipWithError("the answer does not fit");
  }
}

void answer(benchmark::State& state, Compile compile, const std::string& text, bool fresh) {
  auto ids = std::move(large().tokenizer->encode(text, true)).value();
  ids.push_back(248044);
  std::vector<uint64_t> bits(248047 / 64 + 1);
  auto grammar = compile();
  lead(*grammar, ids, bits, state);
  for (auto _ : state) {
    if (fresh) {
      state.PauseTiming();
      grammar = compile();
      state.ResumeTiming();
    }
    lead(*grammar, ids, bits, state);
  }
  state.counters["tokens"] = static_cast<double>(ids.size());
  state.counters["s_per_token"] = benchmark::Counter(static_cast<double>(state.iterations() * ids.size()), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace

int main(int argc, char** argv) {
  const auto add = [](const char* name, Compile compile, const std::string& text, bool fresh) {
    benchmark::RegisterBenchmark(name, [=](benchmark::State& s) { answer(s, compile, text, fresh); })->Unit(benchmark::kMillisecond);
  };
  add("schema/first_answer", schema, kAnswer, true);
  add("schema/later_answer", schema, kAnswer, false);
  add("tools/first_answer", tools, kCall, true);
  add("tools/later_answer", tools, kCall, false);
  benchmark::RegisterBenchmark("compile/schema", [](benchmark::State& s) { for (auto _ : s) benchmark::DoNotOptimize(schema()); })->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("trie", [](benchmark::State& s) {
    for (auto _ : s) benchmark::DoNotOptimize(make_token_trie(*large().tokenizer, large().stops));
  })->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}

// Construction of a tokenizer from already parsed tables, and encode throughput.
//
// Vocabularies: Qwen2's, from the repository; and one of the size of Qwen3.5's (248044 tokens, 247587 merges), made
// from it by joining neighbours in its list, because the real one is too large for the repository.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>
#include <unordered_set>

#include "support/gguf_vocabulary.h"
#include "text/nfc.h"
#include "text/tokenizer.h"

namespace {

using sluice::text::Tokenizer;
using sluice::text::Vocabulary;

const std::string data_dir = SLUICE_SOURCE_DIR "/tests/data/tokenizers/";

const Vocabulary& qwen2() {
  static const Vocabulary vocabulary = [] {
    auto v = sluice::test::read_gguf_vocabulary(data_dir + "qwen3_5/ggml-vocab-qwen35.gguf");
    return std::move(sluice::text::vocabulary_from_gguf(v.tokens, v.types, v.merges, v.pre)).value();
  }();
  return vocabulary;
}

const Vocabulary& qwen35_sized() {
  static const Vocabulary vocabulary = [] {
    constexpr size_t tokens = 248044, merges = 247587;
    Vocabulary v = qwen2();
    v.added.clear();
    v.tokens.resize(151643);
    std::unordered_set<std::string> known(v.tokens.begin(), v.tokens.end());
    std::mt19937 random(1);
    while (v.tokens.size() < tokens) {
      const std::string left = v.tokens[random() % 151643], right = v.tokens[random() % 20000];
      if (left.size() + right.size() > 16 || !known.insert(left + right).second) continue;
      if (v.merges.size() < merges) v.merges.push_back(left + " " + right);
      v.tokens.push_back(left + right);
    }
    return v;
  }();
  return vocabulary;
}

void construct(benchmark::State& state, const Vocabulary& source) {
  for (auto _ : state) {
    state.PauseTiming();
    Vocabulary copy = source;
    state.ResumeTiming();
    auto tokenizer = Tokenizer::create(std::move(copy));
    if (!tokenizer.ok()) state.SkipWithError(tokenizer.error().message.c_str());
    benchmark::DoNotOptimize(tokenizer);
    state.PauseTiming();
    if (tokenizer.ok()) std::move(tokenizer).value().reset();
    state.ResumeTiming();
  }
  state.counters["tokens"] = static_cast<double>(source.tokens.size());
  state.counters["merges"] = static_cast<double>(source.merges.size());
}

void encode(benchmark::State& state, const std::string& text) {
  static const auto tokenizer = std::move(Tokenizer::create(Vocabulary(qwen2()))).value();
  size_t count = 0;
  for (auto _ : state) {
    auto ids = tokenizer->encode(text, true);
    if (!ids.ok()) return state.SkipWithError(ids.error().message.c_str());
    count = ids->size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
  state.counters["tokens"] = static_cast<double>(count);
}

std::string repeated(const std::string& unit, size_t size) {
  std::string text;
  while (text.size() < size) text += unit;
  return text;
}

// Words drawn from the vocabulary, the early (frequent) ones more often: no two lines alike, unlike a repeated sample.
std::string word_salad(size_t size) {
  std::mt19937 random(2);
  std::string text;
  while (text.size() < size) {
    const size_t id = random() % (size_t{1} << (9 + random() % 9)) % 151643;
    const std::string& token = qwen2().tokens[id];
    if (token.size() < 4 || !token.starts_with("\u0120")) continue;
    bool letters = true;
    for (size_t i = 2; i < token.size(); ++i)
      letters = letters && static_cast<unsigned char>((token[i] | 0x20) - 'a') < 26;
    if (!letters) continue;
    text += ' ' + token.substr(2);
    if (random() % 12 == 0) text += ",";
    if (random() % 40 == 0) text += "oidly.\n";  // a word that is no token, now and then
  }
  return text;
}

const std::string english =
    "It was late in the afternoon when the surveyors came down from the ridge, their boots heavy with clay and their "
    "notebooks full of figures that didn't agree. \"We'll measure it again tomorrow,\" said the older of the two; the "
    "other one only shrugged. In 1874 the river had stood 3.5 metres higher, or so the stone at the bridge "
    "claimed.\n\n";
const std::string code =
    "static int read_block(struct reader *r, uint8_t *out, size_t n) {\n    for (size_t i = 0; i < n; i++) {\n        "
    "if "
    "(r->at == r->end) return -1; /* short */\n        out[i] = *r->at++;\n    }\n    return 0;\n}\n";
const std::string chinese =
    "\u4eca\u5929\u7684\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u4e00\u8d77\u53bb\u516c\u56ed\u6563\u6b65\u3002\u4f60"
    "\u4e5f\u6765\u5417\uff1f\n";

}  // namespace

int main(int argc, char** argv) {
  const auto load = [](const char* name, const Vocabulary& v) {
    benchmark::RegisterBenchmark(name, [&v](benchmark::State& s) { construct(s, v); })->Unit(benchmark::kMillisecond);
  };
  load("construct/qwen2", qwen2());
  load("construct/qwen3.5_sized", qwen35_sized());
  const auto text = [](const char* name, std::string sample) {
    benchmark::RegisterBenchmark(name, [sample](benchmark::State& s) {
      encode(s, sample);
    })->Unit(benchmark::kMillisecond);
  };
  text("encode/english", repeated(english, 4'000'000));
  text("encode/word_salad", word_salad(4'000'000));
  text("encode/code", repeated(code, 4'000'000));
  text("encode/chinese", repeated(chinese, 4'000'000));
  text("encode/one_letter", std::string(10'000'000, 'a'));
  text("encode/spaces", std::string(10'000'000, ' '));
  text("encode/combining_marks", repeated("\u0301\u0327", 2'000'000));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}

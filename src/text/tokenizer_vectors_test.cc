// Whole pipelines against ids from elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/tokenizers.h"
#include "text/nfc.h"

namespace sluice::text {
namespace {

using test::ids_of;
using test::shared_tokenizers;
using test::tokenizer_data;

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "NOT TESTED: no file " << (path)

nlohmann::json cases_of(const std::string& path) {
  return nlohmann::json::parse(test::file_text(path)).at("cases");
}

// llama.cpp, which made them, applies no NFC: cases that NFC changes are compared only where `nfc` is false.
void expect_ggml_vectors(const Tokenizer& tokenizer, const std::string& stem, size_t count, bool nfc = true) {
  const auto cases = test::ggml_cases(stem);
  ASSERT_EQ(cases.size(), count);
  for (const auto& one : cases) {
    if (nfc && *to_nfc(one.text) != one.text) continue;
    EXPECT_EQ(ids_of(tokenizer, one.text), one.ids) << one.text;
  }
}

void expect_case_ids(const Tokenizer& tokenizer, const char* key) {
  const auto cases = cases_of(tokenizer_data + "test_vectors/tokenize_cases.json");
  ASSERT_EQ(cases.size(), 30u);
  for (const auto& one : cases) {
    EXPECT_EQ(ids_of(tokenizer, one.at("text").get<std::string>(), true), one.at(key).get<std::vector<int32_t>>())
        << one.at("text");
  }
}

TEST(TokenizerVectors, GgufWithQwen35Pieces) {
  const std::string stem = tokenizer_data + "qwen3_5/ggml-vocab-qwen35.gguf";
  expect_ggml_vectors(test::gguf_tokenizer(), stem, 50);
  auto vocabulary = test::gguf_vocabulary();
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message;
  EXPECT_TRUE(vocabulary->nfc);
  vocabulary->nfc = false;
  expect_ggml_vectors(*test::must_create(std::move(vocabulary)), stem, 50, false);
}

TEST(TokenizerVectors, Qwen2VocabularyFiles) {
  SKIP_WITHOUT(shared_tokenizers + "qwen2/vocab.json");
  Vocabulary vocabulary;
  const auto vocab = nlohmann::json::parse(test::file_text(shared_tokenizers + "qwen2/vocab.json"));
  for (const auto& [text, id] : vocab.items()) {
    vocabulary.tokens.resize(std::max(vocabulary.tokens.size(), id.get<size_t>() + 1));
    vocabulary.tokens[id.get<size_t>()] = text;
  }
  std::istringstream merges(test::file_text(shared_tokenizers + "qwen2/merges.txt"));
  for (std::string line; std::getline(merges, line);) {
    if (!line.empty() && !line.starts_with("#version")) vocabulary.merges.push_back(line);
  }
  ASSERT_EQ(vocabulary.merges.size(), 151387u);
  vocabulary.pre = Pre::qwen2;
  const auto tokenizer = test::must_create(std::move(vocabulary));
  EXPECT_EQ(tokenizer->size(), 151643);
  expect_ggml_vectors(*tokenizer, tokenizer_data + "test_vectors/ggml-vocab-qwen2.gguf", 46);
}

TEST(TokenizerVectors, Qwen3Json) {
  const std::string path = shared_tokenizers + "qwen3/tokenizer.json";
  SKIP_WITHOUT(path);
  const auto tokenizer = test::must_create(vocabulary_from_json(test::file_text(path), ""));
  EXPECT_EQ(tokenizer->size(), 151669);
  expect_case_ids(*tokenizer, "qwen3_ids");
  expect_ggml_vectors(*tokenizer, tokenizer_data + "test_vectors/ggml-vocab-qwen2.gguf", 46);
}

TEST(TokenizerVectors, Qwen35ShapedJson) {
  const std::string path = shared_tokenizers + "qwen3_5/tokenizer_synthetic.json";
  SKIP_WITHOUT(path);
  // The file holds 26 of the 33 added tokens, as the release's does; the others come with tokenizer_config.json.
  const std::string config = test::file_text(tokenizer_data + "qwen3_5/special_tokens.json");
  const auto tokenizer = test::must_create(vocabulary_from_json(test::file_text(path), config));
  expect_case_ids(*tokenizer, "qwen3_5_synthetic_ids");
  expect_ggml_vectors(*tokenizer, tokenizer_data + "qwen3_5/ggml-vocab-qwen35.gguf", 50);
  const auto added = nlohmann::json::parse(config).at("added_tokens_decoder");
  EXPECT_EQ(added.size(), 33u);
  for (const auto& [key, token] : added.items()) {
    const int32_t id = std::stoi(key);
    const auto text = token.at("content").get<std::string>();
    EXPECT_EQ(tokenizer->bytes(id), text);
    EXPECT_EQ(tokenizer->id_of(text), id);
    EXPECT_TRUE(tokenizer->is_added(id));
    EXPECT_EQ(tokenizer->is_special(id), token.at("special").get<bool>()) << text;
    EXPECT_EQ(ids_of(*tokenizer, "a" + text + "b", true).at(1), id);
  }
  EXPECT_EQ(tokenizer->size(), 248077);
  EXPECT_EQ(tokenizer->bytes(200000), "") << "an unused id";
}

TEST(TokenizerVectors, Qwen35RealIds) {
  const std::string path = shared_tokenizers + "qwen3_5/tokenizer.json";
  SKIP_WITHOUT(path) << " (tokenizer.json of a Qwen3.5 model)";
  const auto tokenizer = test::must_create(vocabulary_from_json(test::file_text(path), ""));
  for (const auto& one : cases_of(tokenizer_data + "test_vectors/qwen3_5_real_ids.json")) {
    EXPECT_EQ(ids_of(*tokenizer, one.at("text").get<std::string>(), true), one.at("ids").get<std::vector<int32_t>>())
        << one.at("text");
  }
}

}  // namespace
}  // namespace sluice::text

#include "text/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/tokenizers.h"
#include "text/pretokenizer.h"

namespace sluice::text {
namespace {

using nlohmann::json;
using test::ids_of;
using testing::ElementsAre;
using testing::HasSubstr;

json small_json() {
  const Vocabulary v = test::byte_vocabulary({"hello"});
  json vocab = json::object();
  for (size_t id = 0; id < v.tokens.size(); ++id) vocab[v.tokens[id]] = id;
  json split = {{"type", "Split"}, {"behavior", "Isolated"}, {"invert", false}};
  split["pattern"]["Regex"] = pre_regex(Pre::qwen35);
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  json root;
  root["added_tokens"] = json::array();
  root["added_tokens"].push_back({{"id", 260}, {"content", "<|a|>"}, {"special", true}, {"normalized", false}});
  root["normalizer"]["type"] = "NFC";
  root["pre_tokenizer"]["type"] = "Sequence";
  root["pre_tokenizer"]["pretokenizers"] = json::array({split, bytes});
  root["post_processor"] = bytes;
  root["decoder"] = bytes;
  root["model"] = {{"type", "BPE"}, {"vocab", vocab}, {"merges", v.merges}};
  return root;
}

// The error of small_json() with `value` at `pointer`; "" when it is accepted.
std::string error_with(const char* pointer, const json& value, std::string_view config = "") {
  json root = small_json();
  root[json::json_pointer(pointer)] = value;
  const auto vocabulary = vocabulary_from_json(root.dump(), config);
  return vocabulary.ok() ? "" : vocabulary.error().message;
}

TEST(VocabularyJson, ReadsTheFile) {
  const auto v = vocabulary_from_json(small_json().dump(), "");
  ASSERT_TRUE(v.ok()) << v.error().message;
  EXPECT_EQ(v->pre, Pre::qwen35);
  EXPECT_TRUE(v->nfc);
  EXPECT_EQ(v->tokens.size(), 260u);
  EXPECT_THAT(v->merges, ElementsAre("h e", "he l", "hel l", "hell o"));
  ASSERT_EQ(v->added.size(), 1u);
  EXPECT_EQ(v->added[0].text, "<|a|>");
  const auto t = test::must_create(*v);
  EXPECT_THAT(ids_of(*t, "hello<|a|>", true), ElementsAre(259, 260));
}

TEST(VocabularyJson, AcceptsPairsAndNoNormalizer) {
  json root = small_json();
  root["model"]["merges"] = json::parse(R"([["h","e"],["he","l"]])");
  root["normalizer"] = nullptr;
  root["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = pre_regex(Pre::qwen2);
  const auto v = vocabulary_from_json(root.dump(), "");
  ASSERT_TRUE(v.ok()) << v.error().message;
  EXPECT_THAT(v->merges, ElementsAre("h e", "he l"));
  EXPECT_FALSE(v->nfc);
  EXPECT_EQ(v->pre, Pre::qwen2);
}

TEST(VocabularyJson, RefusesByName) {
  EXPECT_THAT(error_with("/model/type", "WordPiece"), HasSubstr("model.type is \"WordPiece\""));
  EXPECT_THAT(error_with("/model/ignore_merges", true), HasSubstr("model.ignore_merges is true"));
  EXPECT_THAT(error_with("/model/byte_fallback", true), HasSubstr("model.byte_fallback is true"));
  EXPECT_THAT(error_with("/model/dropout", 0.1), HasSubstr("model.dropout"));
  EXPECT_THAT(error_with("/model/end_of_word_suffix", "</w>"), HasSubstr("model.end_of_word_suffix"));
  EXPECT_THAT(error_with("/normalizer/type", "NFKC"), HasSubstr("normalizer.type is \"NFKC\""));
  EXPECT_THAT(error_with("/pre_tokenizer/type", "ByteLevel"), HasSubstr("pre_tokenizer"));
  EXPECT_THAT(error_with("/pre_tokenizer/pretokenizers/0/pattern/Regex", "\\w+"), HasSubstr("Regex is \"\\\\w+\""));
  EXPECT_THAT(error_with("/pre_tokenizer/pretokenizers/0/behavior", "Removed"), HasSubstr("behavior"));
  EXPECT_THAT(error_with("/pre_tokenizer/pretokenizers/0/invert", true), HasSubstr("invert is true"));
  EXPECT_THAT(error_with("/pre_tokenizer/pretokenizers/1/add_prefix_space", true),
              HasSubstr("add_prefix_space is true"));
  EXPECT_THAT(error_with("/pre_tokenizer/pretokenizers/1/use_regex", true), HasSubstr("use_regex is true"));
  EXPECT_THAT(error_with("/post_processor/type", "TemplateProcessing"), HasSubstr("post_processor.type"));
  EXPECT_THAT(error_with("/added_tokens/0/lstrip", true), HasSubstr("added token 260.lstrip is true"));
  EXPECT_THAT(error_with("/added_tokens/0/normalized", true), HasSubstr("added token 260.normalized is true"));
  EXPECT_EQ(error_with("/model/ignore_merges", false), "");
}

TEST(VocabularyJson, TakesAPostProcessorThatAddsNothing) {
  const json alone = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json begin = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  EXPECT_EQ(error_with("/post_processor", {{"type", "TemplateProcessing"}, {"single", json::array({alone})}}), "");
  EXPECT_THAT(error_with("/post_processor", {{"type", "TemplateProcessing"}, {"single", json::array({begin, alone})}}),
              HasSubstr("post_processor.type"));
}

TEST(VocabularyJson, RefusesNonsense) {
  EXPECT_THAT(error_with("/model/vocab", 3), HasSubstr("model.vocab"));
  EXPECT_THAT(error_with("/model/vocab/x", -3), HasSubstr("model.vocab \"x\""));
  EXPECT_THAT(error_with("/model/vocab/x", 1.5), HasSubstr("model.vocab \"x\""));
  EXPECT_THAT(error_with("/model/vocab/x", 4'000'000'000), HasSubstr("at most 2097151"));
  EXPECT_THAT(error_with("/model/vocab/x", 'y'), HasSubstr("id 121 is both"));
  EXPECT_THAT(error_with("/model/merges", "x"), HasSubstr("model.merges"));
  EXPECT_THAT(error_with("/model/merges/1", 5), HasSubstr("model.merges[1]"));
  EXPECT_THAT(error_with("/model/merges/1", json::parse(R"(["a b","c"])")), HasSubstr("model.merges[1]"));
  EXPECT_THAT(error_with("/added_tokens/0/id", "7"), HasSubstr("added_tokens[0].id"));
  EXPECT_THAT(error_with("/added_tokens/0/content", 7), HasSubstr("content"));
  for (const char* text : {"", "[]", "{", "null", "{\"model\":\"\xff\"}"}) {
    const auto v = vocabulary_from_json(text, "");
    EXPECT_EQ(v.error().code, Code::corrupt) << text;
  }
  EXPECT_FALSE(vocabulary_from_json(std::string(1'000'000, '['), "").ok()) << "deep nesting";
  EXPECT_FALSE(
      vocabulary_from_json(R"({"model":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}", "").ok());
}

TEST(VocabularyJson, ConfigAddsWhatIsMissing) {
  const char* config = R"({"added_tokens_decoder": {"260": {"content": "<|a|>", "special": false},
                                                    "300": {"content": "<b>", "special": false}}})";
  const auto v = vocabulary_from_json(small_json().dump(), config);
  ASSERT_TRUE(v.ok()) << v.error().message;
  ASSERT_EQ(v->added.size(), 2u);
  EXPECT_TRUE(v->added[0].special) << "tokenizer.json goes first";
  EXPECT_EQ(v->added[1].id, 300);
  const char* contradiction = R"({"added_tokens_decoder": {"260": {"content": "<|x|>", "special": false}}})";
  EXPECT_THAT(error_with("/version", "1.0", contradiction), HasSubstr("added token 260: tokenizer.json says"));
  EXPECT_THAT(error_with("/version", "1.0", R"({"added_tokens_decoder": {"x": {}}})"),
              HasSubstr("added_tokens_decoder \"x\""));
  EXPECT_THAT(error_with("/version", "1.0", "7"), HasSubstr("tokenizer_config.json"));
}

TEST(VocabularyGguf, Types) {
  const auto v = vocabulary_from_gguf({"a", "<|x|>", "<y>", "z", "<0x0a>", "[PAD5]", "[PAD5]"}, {1, 3, 4, 5, 6, 4, 4},
                                      {}, "qwen2");
  ASSERT_TRUE(v.ok()) << v.error().message;
  EXPECT_THAT(v->tokens, ElementsAre("a", "", "", "", "\u010a", "", ""));
  ASSERT_EQ(v->added.size(), 3u);
  EXPECT_TRUE(v->added[0].id == 1 && v->added[0].special && v->added[0].text == "<|x|>");
  EXPECT_TRUE(v->added[1].id == 2 && !v->added[1].special && v->added[1].text == "<y>");
  EXPECT_EQ(v->added[2].id, 6) << "[PAD5] is filling only as token 5";
  EXPECT_EQ(v->pre, Pre::qwen2);
}

TEST(VocabularyGguf, Refusals) {
  const auto error = [](std::vector<std::string> tokens, std::vector<int64_t> types, const char* pre) {
    const auto v = vocabulary_from_gguf(std::move(tokens), std::move(types), {}, pre);
    return v.ok() ? "" : v.error().message;
  };
  EXPECT_THAT(error({"a"}, {1}, "llama-bpe"), HasSubstr("\"llama-bpe\"; supported are \"qwen2\" and \"qwen35\""));
  EXPECT_THAT(error({"a"}, {}, "qwen2"), HasSubstr("0 entries for 1 tokens"));
  EXPECT_THAT(error({"a"}, {2}, "qwen2"), HasSubstr("token 0 \"a\": unknown token type 2"));
  for (const char* bad : {"0x0a", "<0x0g>", "<0xaaa>", "<0x-a>"})
    EXPECT_THAT(error({bad}, {6}, "qwen2"), HasSubstr("<0xNN>"));
}

TEST(VocabularyGguf, PaddingOfARealFileIsUnused) {
  const Tokenizer& t = test::gguf_tokenizer();
  EXPECT_EQ(t.size(), 151646);
  EXPECT_EQ(t.bytes(151645), "<|im_end|>");
  EXPECT_TRUE(t.is_special(151645));
  EXPECT_EQ(t.id_of("[PAD151700]"), std::nullopt);
}

}  // namespace
}  // namespace sluice::text

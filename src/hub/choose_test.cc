#include "hub/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kRepository = {
    "README.md",
    "imatrix_unsloth.gguf",
    "mmproj-BF16.gguf",
    "BF16/M-BF16-00002-of-00002.gguf",
    "BF16/M-BF16-00001-of-00002.gguf",
    "M-IQ4_XS.gguf",
    "M-Q4_K_M.gguf",
    "M-Q4_K_S.gguf",
    "UD-Q4_K_XL/M-UD-Q4_K_XL-00001-of-00002.gguf",
    "UD-Q4_K_XL/M-UD-Q4_K_XL-00002-of-00002.gguf",
};

std::string message(std::string_view tag, const std::vector<std::string>& paths = kRepository) {
  const auto choice = choose(paths, tag);
  return choice.ok() ? "chosen" : choice.error().message;
}

TEST(Choose, ByTagInAnyCase) {
  EXPECT_THAT(choose(kRepository, "q4_k_m")->paths, ElementsAre("M-Q4_K_M.gguf"));
  EXPECT_THAT(choose(kRepository, "IQ4_XS")->paths, ElementsAre("M-IQ4_XS.gguf"));
  EXPECT_THAT(choose(kRepository, "m-q4_k_s.gguf")->paths, ElementsAre("M-Q4_K_S.gguf"));
}

TEST(Choose, AllPartsInOrder) {
  EXPECT_THAT(choose(kRepository, "bf16")->paths,
              ElementsAre("BF16/M-BF16-00001-of-00002.gguf", "BF16/M-BF16-00002-of-00002.gguf"));
  for (const char* tag : {"Q4_K_XL", "UD-Q4_K_XL", "ud-q4_k_xl"})
    EXPECT_EQ(choose(kRepository, tag)->paths.size(), 2u) << tag;
}

TEST(Choose, OnlyAtABoundary) {
  for (const char* tag : {"K_M", "4_K_M", "Q4_K", "XS", "XL", "M-Q4", "16"})
    EXPECT_THAT(message(tag), HasSubstr("there are")) << tag;
}

TEST(Choose, NamesWhatThereIs) {
  EXPECT_EQ(message("Q9"), "no :Q9 in it; there are :BF16, :IQ4_XS, :Q4_K_M, :Q4_K_S, :UD-Q4_K_XL");
  EXPECT_EQ(message(""), "5 models in it: add one of :BF16, :IQ4_XS, :Q4_K_M, :Q4_K_S, :UD-Q4_K_XL");
  EXPECT_EQ(message("Q4_K_M", {"a-Q4_K_M.gguf", "b-Q4_K_M.gguf"}),
            ":Q4_K_M fits 2 models in it: say which of :a-Q4_K_M, :b-Q4_K_M");
}

TEST(Choose, EveryModelHasATagThatChoosesIt) {
  for (const Choice& model : models_in(kRepository))
    EXPECT_EQ(choose(kRepository, model.tag)->paths, model.paths) << model.tag;
}

TEST(Choose, TagsThatFitSeveralBecomeWholeNames) {
  const std::vector<std::string> paths = {"a-Q4_K_M.gguf", "x/b-Q4_K_M.gguf", "c-Q8_0.gguf",  "Q8_0/d.gguf",
                                          "e-Q5_0.gguf",   "UD-Q5_0/f.gguf",  "g-IQ1_S.gguf", "h_bf16.gguf"};
  std::vector<std::string> tags;
  for (const Choice& model : models_in(paths)) tags.push_back(model.tag);
  EXPECT_THAT(tags,
              testing::UnorderedElementsAre("a-Q4_K_M", "b-Q4_K_M", "c-Q8_0", "d", "e-Q5_0", "f", "IQ1_S", "h_bf16"));
}

TEST(Choose, ManyModelsTakeNoTimeForEachPair) {
  std::vector<std::string> paths;
  for (int i = 0; i < 100'000; ++i)
    paths.push_back("folder-" + std::to_string(i) + "/some-model-" + std::to_string(i) + "-Q4_K_M.gguf");
  const auto models = models_in(paths);
  ASSERT_EQ(models.size(), paths.size());
  EXPECT_TRUE(models[0].tag.starts_with("some-model-"));
}

TEST(Choose, MissingParts) {
  EXPECT_EQ(message("x", {"x-00001-of-00003.gguf", "x-00003-of-00003.gguf"}), "x: 2 of its 3 parts are there");
  EXPECT_EQ(message("x", {"x-00000-of-00002.gguf", "x-00002-of-00002.gguf"}), "x: 2 of its 2 parts are there");
}

TEST(Choose, Safetensors) {
  const std::vector<std::string> paths = {"config.json", "model.safetensors", "onnx/x.safetensors",
                                          "x.py",        "tokenizer.json",    "q.gguf"};
  EXPECT_THAT(choose(paths, "")->paths, ElementsAre("config.json", "model.safetensors", "tokenizer.json"));
  EXPECT_THAT(choose(paths, "q")->paths, ElementsAre("q.gguf"));
  EXPECT_THAT(message("", {"x.bin"}), HasSubstr("no *.gguf and no *.safetensors"));
}

}  // namespace
}  // namespace sluice::hub

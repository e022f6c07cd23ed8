#include "serve/requests/openai_completions_request.h"

#include <gtest/gtest.h>

#include "support/refusals.h"

namespace sluice::serve {
namespace {

using test::must_parse;
using test::with;

constexpr std::string_view kHello = R"({"prompt": "Hello"})";

GenerationRequest parse(std::string_view body) { return must_parse(parse_openai_completions, body); }

TEST(OpenaiCompletionsRequest, PromptsInEveryForm) {
  EXPECT_EQ(parse(kHello).prompt, "Hello");
  EXPECT_EQ(parse(R"({"prompt": ["Hello"]})").prompt, "Hello");
  EXPECT_EQ(parse(R"({"prompt": ""})").prompt, "");
  EXPECT_EQ(parse(R"({"prompt": [1, 2]})").prompt_tokens, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(parse(R"({"prompt": [[1, 2]]})").prompt_tokens, (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(parse(R"({"prompt": [7]})").prompt_tokens, std::vector<int32_t>{7});
  EXPECT_TRUE(parse(kHello).messages.is_none());
}

TEST(OpenaiCompletionsRequest, ItsOwnFieldsAndDefaults) {
  EXPECT_EQ(parse(kHello).max_tokens, 16);
  EXPECT_FALSE(parse(kHello).top_chances || parse(kHello).echo);
  const auto r = parse(with(kHello, R"("max_tokens": 0, "logprobs": 2, "best_of": 1, "suffix": "", "temperature": 0, "stream": true)"));
  EXPECT_EQ(r.max_tokens, 0);
  EXPECT_EQ(r.top_chances, 2);
  EXPECT_TRUE(r.stream);
  EXPECT_TRUE(parse(with(kHello, R"("echo": true)")).echo);
}

TEST(OpenaiCompletionsRequest, WhatIsRefused) {
  constexpr Code kNever = Code::unsupported;
  test::expect_refused(parse_openai_completions, {
    {"{}", "prompt: "}, {R"({"prompt": 5})", "prompt: "}, {R"({"prompt": {}})", "prompt: "}, {R"({"prompt": [[["a"]]]})", "prompt: ", kNever},
    {R"({"prompt": ["a", "b"]})", "prompt: ", kNever}, {R"({"prompt": [1, "b"]})", "prompt: ", kNever}, {R"({"prompt": [1, -1]})", "prompt: ", kNever},
    {R"({"prompt": [1, 2147483648]})", "prompt: ", kNever}, {R"({"prompt": [1, true]})", "prompt: ", kNever}, {R"({"prompt": [1, 99999999999999999999]})", "prompt: ", kNever},
    {with(kHello, R"("suffix": "x")"), "suffix: ", kNever}, {with(kHello, R"("best_of": 3)"), "best_of: ", kNever}, {with(kHello, R"("n": 0)"), "n: ", kNever},
    {with(kHello, R"("logprobs": 21)"), "logprobs: "}, {with(kHello, R"("logprobs": true)"), "logprobs: "}, {with(kHello, R"("max_tokens": -1)"), "max_tokens: "},
    {with(kHello, R"("echo": true, "logprobs": 1)"), "echo: ", kNever}, {R"({"prompt": [1], "echo": true})", "echo: ", kNever},
    {with(kHello, R"("messages": [])"), "messages: this field is not known", kNever}, {with(kHello, R"("tools": [1])"), "tools: this field is not known", kNever},
    {with(kHello, R"("logit_bias": {"1": 1})"), "logit_bias: ", kNever},
  });
}

}  // namespace
}  // namespace sluice::serve

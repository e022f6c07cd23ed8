#include "serve/sampled_turns.h"

#include <gtest/gtest.h>

#include "support/tokenizers.h"

namespace sluice::serve {
namespace {

using text::Value;

const std::string kAsk = "<|im_start|>user\nWeather?<|im_end|>\n<|im_start|>assistant\n";
const std::string kResult = "\n<|im_start|>user\nSunny.<|im_end|>\n<|im_start|>assistant\n";

std::string call(const std::string& parameters, const std::string& name = "get_weather") {
  return "<tool_call>\n<function=" + name + ">\n" + parameters + "</function>\n</tool_call>";
}
std::string parameter(const std::string& name, const std::string& value) { return "<parameter=" + name + ">\n" + value + "\n</parameter>\n"; }

Value tools() {
  return text::parse_json(R"([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {
      "city": {"type": "string"}, "days": {"type": "integer"}, "exact": {"type": "boolean"}, "where": {"type": "object"}}}}}])").value();
}

std::vector<int32_t> ids(const std::string& text) { return test::gguf_tokenizer().encode(text, true).value(); }

std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const int32_t kEnd = ids("<|im_end|>").at(0);

std::vector<int32_t> put_back(const SampledTurns& turns, const std::vector<int32_t>& prompt) {
  return turns.put_back(test::gguf_tokenizer(), {&kEnd, 1}, prompt, tools());
}

// What was sampled behind a prompt.
SampledTurns& keep(SampledTurns& turns, const std::vector<int32_t>& prompt, const std::vector<int32_t>& answer, bool in_reasoning = false) {
  turns.keep(test::gguf_tokenizer(), {&kEnd, 1}, prompt, answer, in_reasoning);
  return turns;
}

// The prompt with `sampled` where `written` stands, if that means the same, else as it was.
void expect_match(const std::string& sampled, const std::string& written, bool matches, bool in_reasoning = false) {
  SCOPED_TRACE(sampled + " | " + written);
  SampledTurns turns;
  keep(turns, ids(kAsk), joined(ids(sampled), {kEnd}), in_reasoning);
  const auto before = joined(joined(ids(kAsk), ids(written)), joined({kEnd}, ids(kResult)));
  const auto with_sampled = joined(joined(ids(kAsk), ids(sampled)), joined({kEnd}, ids(kResult)));
  EXPECT_EQ(put_back(turns, before), matches ? with_sampled : before);
  if (matches) { EXPECT_NE(before, with_sampled); }  // else nothing was shown
}

TEST(SampledTurns, ACallWrittenOtherwiseIsTheCallThatWasMade) {
  const std::string sampled = call(parameter("city", "Cairo") + parameter("days", "2") + parameter("where", R"({"a":1,"b":[1,2.0]})"));
  expect_match(sampled, call(parameter("days", "2") + parameter("city", "Cairo") + parameter("where", R"({"a":1,"b":[1,2.0]})")), true);
  expect_match(sampled, call(parameter("city", "Cairo") + parameter("days", "2") + parameter("where", R"({"b": [1, 2], "a": 1})")), true);
  expect_match("\n\n" + sampled + "\n", sampled, true);
  expect_match("Let me look.\n" + sampled, "Let me look.\n\n" + sampled, true);
  expect_match(call(parameter("exact", "true")), call(parameter("exact", "True")), true);
  expect_match(call(parameter("city", "Cairo")), "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Cairo\"}}\n</tool_call>", true);
}

TEST(SampledTurns, ACallWithAnotherMeaningIsLeftAsItIs) {
  const std::string sampled = call(parameter("city", "Cairo") + parameter("days", "2"));
  expect_match(sampled, call(parameter("city", "Cairo") + parameter("days", "3")), false);
  expect_match(sampled, call(parameter("city", "Cairo")), false);
  expect_match(sampled, call(parameter("city", "cairo") + parameter("days", "2")), false);
  expect_match(sampled, call(parameter("city", "Cairo") + parameter("days", "2"), "get_time"), false);
  expect_match(sampled, sampled + "\n" + sampled, false);
  expect_match(sampled, "Well. " + sampled, false);
  expect_match(call(parameter("exact", "true")), call(parameter("exact", "1")), false);
  expect_match(call(parameter("city", "true")), call(parameter("city", "True")), false);  // a text
  expect_match(call(parameter("where", "[1, 2]")), call(parameter("where", "[2, 1]")), false);
}

TEST(SampledTurns, TextAndThinkingMatchButForWhitespaceAroundThem) {
  expect_match("It is sunny. \n", "It is sunny.", true);
  expect_match("It is sunny.", "It is rainy.", false);
  expect_match("Hm.\n\n</think>\n\nSunny.", "Hm.\n</think>\n\nSunny.", true, true);
  expect_match("Hm.\n</think>\n\nSunny.", "\n</think>\n\nSunny.", false, true);  // the client or the template dropped it
}

TEST(SampledTurns, OfSeveralTurnsEachIsPutBackAndTheNextIsFoundBehindIt) {
  SampledTurns turns;
  const auto first = joined(ids(call(parameter("days", "2") + parameter("city", "Cairo"))), {kEnd}), second = joined(ids("Sunny. "), {kEnd});
  const auto prompt2 = joined(joined(ids(kAsk), first), ids(kResult));
  keep(keep(turns, ids(kAsk), first), prompt2, second);
  const auto written = joined(joined(ids(kAsk + call(parameter("city", "Cairo") + parameter("days", "2")) + "<|im_end|>" + kResult), ids("Sunny.<|im_end|>")), ids(kResult));
  EXPECT_EQ(put_back(turns, written), joined(joined(prompt2, second), ids(kResult)));
  // Behind other tokens the same words are another turn.
  const auto elsewhere = joined(ids("<|im_start|>user\nHello<|im_end|>\n"), written);
  EXPECT_EQ(put_back(turns, elsewhere), elsewhere);
}

TEST(SampledTurns, TheLatestOfEqualTurnsCounts) {
  SampledTurns turns;
  keep(keep(keep(turns, ids(kAsk), ids("Yes. ")), ids(kAsk), ids("Yes.\n")), ids(kAsk), ids("No."));
  const auto prompt = ids(kAsk + "Yes.<|im_end|>" + kResult);
  EXPECT_EQ(put_back(turns, prompt), joined(joined(ids(kAsk), ids("Yes.\n")), ids("<|im_end|>" + kResult)));
  keep(turns, ids(kAsk), ids("Yes. "));  // again
  EXPECT_EQ(put_back(turns, prompt), joined(joined(ids(kAsk), ids("Yes. ")), ids("<|im_end|>" + kResult)));
}

TEST(SampledTurns, ForgetsTheOldest) {
  SampledTurns turns(8);
  for (int i = 0; i < 20; ++i) keep(turns, ids(kAsk), ids("Answer " + std::to_string(i) + " "));
  EXPECT_LE(turns.tokens(), 8u);
  EXPECT_GT(turns.tokens(), 0u);
  const auto forgotten = ids(kAsk + "Answer 3<|im_end|>"), kept = ids(kAsk + "Answer 19<|im_end|>");
  EXPECT_EQ(put_back(turns, forgotten), forgotten);
  EXPECT_NE(put_back(turns, kept), kept);
  keep(turns, ids(kAsk), ids("one two three four five six seven eight nine"));  // longer than all of it
  EXPECT_LE(turns.tokens(), 8u);
  keep(turns, ids(kAsk), {});
  keep(turns, ids(kAsk), {kEnd});
  EXPECT_NE(put_back(turns, kept), kept);
}

TEST(SampledTurns, APromptWithoutAnswersIsLeftAsItIs) {
  SampledTurns turns;
  keep(turns, ids(kAsk), ids("Sunny."));
  for (const std::string& text : {kAsk, std::string(), kAsk + "Sunny"}) EXPECT_EQ(put_back(turns, ids(text)), ids(text));
}

}  // namespace
}  // namespace sluice::serve

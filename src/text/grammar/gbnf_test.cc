#include "text/grammar/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/constraint_walk.h"

namespace sluice::text {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<CompiledGrammar> compiled(std::string_view source) {
  auto out = compile_gbnf(test::walk_vocabulary().trie, source, {});
  EXPECT_TRUE(out.ok()) << out.error().message;
  return out.ok() ? *out : nullptr;
}

std::string refusal(std::string_view source) {
  const auto out = compile_gbnf(test::walk_vocabulary().trie, source, {});
  return out.ok() ? "accepted" : out.error().message;
}

struct Case {
  std::string grammar;
  std::vector<std::string> good, bad;
};

TEST(Gbnf, TakesWhatItSays) {
  const Case cases[] = {
      {"root ::= \"hello\"", {"hello"}, {"", "hell", "hellos", "Hello"}},
      {"root ::= \"a\" | \"b\" [0-9]+", {"a", "b0", "b1234567"}, {"b", "a1", "c"}},
      {"root ::= [^\\n\"]*", {"", "x y", "\xe4\xbd\xa0"}, {"a\nb", "\"", "\xe4"}},
      {"root ::= item{2,3} # twice or more\nitem ::= \"x\" | \"(\" item \")\"", {"xx", "x(x)", "((x))xx"}, {"x", "xxxx", "x(x"}},
      {"root ::= (\"a\"\n  | \"b\")? \"c\"\n\n", {"ac", "c"}, {"a", "abc"}},
      {"root ::= list\nlist ::= \"x\" list | \"\"", {"", "x", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}, {"y"}},
      {"root ::= .{,2} \"\\x41\\u00e9\"", {"A\xc3\xa9", "xyA\xc3\xa9"}, {"xyzA\xc3\xa9"}},
      {"root ::= [a-]", {"a", "-"}, {"b"}},
      {"root ::= \"a\"{2}", {"aa"}, {"a", "aaa"}},
  };
  for (const Case& each : cases) {
    const auto grammar = compiled(each.grammar);
    ASSERT_NE(grammar, nullptr);
    for (const auto& text : each.good) EXPECT_TRUE(test::accepts(*grammar, text)) << each.grammar << ": " << text;
    for (const auto& text : each.bad) EXPECT_FALSE(test::accepts(*grammar, text)) << each.grammar << ": " << text;
    for (const auto& text : each.good) EXPECT_TRUE(test::accepts(*grammar, text, true)) << each.grammar << ": " << text;
  }
}

TEST(Gbnf, RefusesWithALine) {
  EXPECT_THAT(refusal("root ::= \"a\"\nother = \"b\""), HasSubstr("line 2"));
  EXPECT_THAT(refusal("root ::= missing"), HasSubstr("\"missing\""));
  EXPECT_THAT(refusal("x ::= \"a\""), HasSubstr("root"));
  EXPECT_THAT(refusal("root ::= root \"a\" | \"b\""), HasSubstr("left recursion"));
  EXPECT_THAT(refusal("root ::= a\na ::= b? a | \"x\"\nb ::= \"y\""), HasSubstr("left recursion"));
  EXPECT_THAT(refusal("root ::= \"a\" root"), HasSubstr("never ends"));
  EXPECT_THAT(refusal("root ::= <[12]>"), HasSubstr("tokens"));
  EXPECT_THAT(refusal("root ::= \"a"), HasSubstr("ends inside"));
  EXPECT_THAT(refusal("root ::= \"a\\"), HasSubstr("ends inside an escape"));
  EXPECT_THAT(refusal("root ::= [b-a]"), HasSubstr("range"));
  EXPECT_THAT(refusal("root ::= \"a\"{3,2}"), HasSubstr("order"));
  EXPECT_THAT(refusal("root ::= " + std::string(5000, '(')), HasSubstr("deep"));
  EXPECT_THAT(refusal("root ::= \"a\"\nroot ::= \"b\""), HasSubstr("twice"));
}

// Nested brackets: a stack, not a finite automaton; what would nest too deeply is not begun.
TEST(Gbnf, CountsBrackets) {
  const auto grammar = compiled("root ::= \"(\" root \")\" | \"x\"");
  ASSERT_NE(grammar, nullptr);
  for (size_t depth : {0u, 1u, 7u, 100u}) {
    EXPECT_TRUE(test::accepts(*grammar, std::string(depth, '(') + "x" + std::string(depth, ')')));
    EXPECT_FALSE(test::accepts(*grammar, std::string(depth, '(') + "x" + std::string(depth + 1, ')')));
  }
  EXPECT_FALSE(test::accepts(*grammar, std::string(10'000, '(') + "x" + std::string(10'000, ')')));
  std::mt19937 random(3);
  for (int i = 0; i < 20; ++i) {
    const std::string text = test::random_text(*grammar, random, 3000);
    EXPECT_EQ(std::count(text.begin(), text.end(), '('), std::count(text.begin(), text.end(), ')'));
  }
}

TEST(Gbnf, EndsWithinTheTokensThereAre) {
  const auto grammar = compiled("root ::= \"<\" [a-z]{3,} \"END\" \">\"");
  ASSERT_NE(grammar, nullptr);
  std::mt19937 random(5);
  for (int64_t most : {9, 10, 12, 40}) {
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(test::accepts(*grammar, test::random_text(*grammar, random, most)));
  }
}

// Too many readings at once are an error, and a later answer starts afresh.
TEST(Gbnf, AmbiguityEnds) {
  const auto grammar = compiled("root ::= ((\"a\"{1,1000}){1,1000}){1,1000} \"b\"");
  ASSERT_NE(grammar, nullptr);
  const auto constraint = grammar->constraint();
  Status status;
  for (int i = 0; i < 300 && status.ok(); ++i) status = constraint->accept('a');
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(test::accepts(*grammar, "aab"));
  EXPECT_THAT(refusal("root ::= ((\"a\"{0,1000}){0,1000}){0,1000}"), HasSubstr("ambiguous"));
}

// The stack of every copy of "d" is different, so each byte is read in all of them: an error rather than a long wait.
TEST(Gbnf, TooMuchWorkEnds) {
  std::string d = "\"a\"";
  for (char c = 'b'; c <= 'z'; ++c) d += std::string("|\"") + c + "\"";
  for (int i = 0; i < 1500; ++i) d += "|x";
  const auto grammar = compiled("root ::= (d?){0,98} \"!\"\nx ::= \"=\"\nd ::= " + d);
  ASSERT_NE(grammar, nullptr);
  const auto constraint = grammar->constraint();
  std::vector<uint64_t> bits(test::walk_vocabulary().trie->words());
  Status status;
  for (int i = 0; i < 90 && status.ok(); ++i) {
    status = constraint->allowed(bits, 1000);
    if (status.ok()) status = constraint->accept('a' + i % 26);
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::over_budget);
  EXPECT_THAT(status.error().message, HasSubstr("too much work"));
}

// What never matches costs nothing where it is entered: with it this would be too much work.
TEST(Gbnf, WhatNeverMatchesIsNoWay) {
  std::string d = "\"a\"";
  for (int i = 0; i < 1900; ++i) d += "|x";
  const auto grammar = compiled("root ::= (d?){0,98} \"!\"\nx ::= [^\\x00-\\U0010FFFF]\nd ::= " + d);
  ASSERT_NE(grammar, nullptr);
  EXPECT_LT(grammar->grammar().grammar().children(grammar->grammar().node(grammar->grammar().body(2))).size(), 3u);
  EXPECT_TRUE(test::accepts(*grammar, std::string(98, 'a') + "!"));
  EXPECT_FALSE(test::accepts(*grammar, std::string(99, 'a') + "!"));
}

// One answer's grammar being too ambiguous at one place ends that answer, no other one.
TEST(Gbnf, AmbiguityEndsOneAnswerOnly) {
  const auto grammar = compiled("root ::= \"x\" \"y\"* \"z\" | ((\"a\"{1,1000}){1,1000}){1,1000} \"b\"");
  ASSERT_NE(grammar, nullptr);
  const auto other = grammar->constraint(), constraint = grammar->constraint();
  ASSERT_TRUE(other->accept('x').ok());
  Status status;
  for (int i = 0; i < 300 && status.ok(); ++i) status = constraint->accept('a');
  EXPECT_FALSE(status.ok());
  std::vector<uint64_t> bits(test::walk_vocabulary().trie->words());
  for (char c : std::string_view("yyz")) {
    ASSERT_TRUE(other->allowed(bits, 1000).ok());
    EXPECT_TRUE(has_bit(bits, c));
    EXPECT_FALSE(has_bit(bits, 'x'));
    ASSERT_TRUE(other->accept(c).ok());
  }
  EXPECT_TRUE(other->accept(test::walk_vocabulary().stop).ok());
}

// A choice is measured once, not once for every way that is as short.
TEST(Gbnf, ManyWaysAreMeasuredQuickly) {
  std::string source = "a ::= \"a\"\nroot ::= \"a\"";
  for (int i = 0; i < 150'000; ++i) source += "|a";
  const auto grammar = compiled(source);
  ASSERT_NE(grammar, nullptr);
  EXPECT_TRUE(test::accepts(*grammar, "a"));
}

}  // namespace
}  // namespace sluice::text

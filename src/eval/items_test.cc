#include "eval/items.h"

#include <gmock/gmock.h>

namespace sluice::eval {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kTwo =
    "{\"task\": \"a\", \"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"tools\": null, \"thinking\": true, "
    "\"expect\": \"y\"}\r\n\n"
    "{\"task\": \"b\", \"messages\": [], \"tools\": [{}], \"expect\": {\"n\": 1}}";

TEST(Items, AreReadLineByLine) {
  const auto items = parse_items(kTwo);
  ASSERT_TRUE(items.ok()) << items.error().message;
  ASSERT_THAT(items.value(), SizeIs(2));
  EXPECT_TRUE(items.value()[0].thinking);
  EXPECT_TRUE(items.value()[0].tools.is_none());
  EXPECT_EQ(items.value()[1].task, "b");
  EXPECT_TRUE(items.value()[1].tools.is_list());
  EXPECT_FALSE(items.value()[1].thinking);
  EXPECT_THAT(parse_items("").value(), SizeIs(0));
}

TEST(Items, ErrorsNameTheLine) {
  for (const std::string_view bad : {"[]", "{", "{\"task\": 1}", "{\"task\": \"a\", \"messages\": []}",
                                     "{\"task\": \"a\", \"messages\": \"m\", \"expect\": 1}",
                                     "{\"task\": \"a\", \"messages\": [], \"expect\": 1, \"thinking\": 1}"}) {
    const auto items = parse_items(std::string(kTwo) + "\n" + std::string(bad));
    ASSERT_FALSE(items.ok()) << bad;
    EXPECT_EQ(items.error().code, Code::corrupt);
    EXPECT_THAT(items.error().message, HasSubstr("line 4"));
  }
  EXPECT_EQ(read_items("/nowhere/items.jsonl").error().code, Code::not_found);
}

TEST(Items, AreChosenByTaskAndCount) {
  const auto make = [] {
    std::vector<Item> items;
    for (const char* task : {"a", "b", "a", "a", "b", "c"})
      items.push_back({.task = task, .messages = {}, .tools = {}, .expect = {}});
    return items;
  };
  EXPECT_THAT(choose_items(make(), {}).value(), SizeIs(6));
  EXPECT_THAT(choose_items(make(), {.limit = 2, .only = {}}).value(), SizeIs(5));
  const auto chosen = choose_items(make(), {.limit = 1, .only = {"b", "c"}});
  ASSERT_THAT(chosen.value(), SizeIs(2));
  EXPECT_EQ(chosen.value()[0].task, "b");
  EXPECT_EQ(choose_items(make(), {.limit = 0, .only = {"a", "d"}}).error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice::eval

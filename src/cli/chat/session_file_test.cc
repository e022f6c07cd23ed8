#include "cli/chat/session_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "cli/chat/settings.h"
#include "support/temp_folder.h"
#include "text/chat_template.h"

namespace sluice::cli {
namespace {

using text::Value;

SavedChat sample() {
  SavedChat chat;
  chat.model = "demo.gguf";
  chat.system = "Be brief.\n";
  chat.thinking = false;
  EXPECT_TRUE(set_setting(chat.settings, "temperature", "0.5").ok());
  EXPECT_TRUE(set_setting(chat.settings, "seed", "4294967295").ok());
  chat.messages.push(text::chat_message("user", "Grüße \033[31m \"quoted\""));
  const Value answer = text::chat_message("assistant", "");
  const Value call = Value::map({{"name", Value::string("bash")}, {"arguments", Value::string("{\"command\": \"ls\"}")}});
  answer.set("tool_calls", Value::list({Value::map({{"id", Value::string("call_1")}, {"type", Value::string("function")}, {"function", call}})}));
  chat.messages.push(answer);
  chat.messages.push(text::chat_message("tool", "a\nb"));
  return chat;
}

TEST(SessionFile, ThereAndBack) {
  const std::string json = chat_json(sample());
  const auto chat = parse_chat(json);
  ASSERT_TRUE(chat.ok()) << chat.error().message;
  EXPECT_EQ(chat_json(*chat), json);
  EXPECT_EQ(chat->system, "Be brief.\n");
  EXPECT_EQ(chat->thinking, false);
  EXPECT_EQ(chat->settings.temperature, 0.5);
  EXPECT_EQ(chat->settings.seed, 4294967295.0);
  EXPECT_EQ(chat->messages.as_list().items.size(), 3u);
}

TEST(SessionFile, WhatIsNotOursIsRefused) {
  for (const char* json : {"", "[]", "{}", "{\"sluice_chat\": 1}", "{\"sluice_chat\": 1, \"messages\": 3}", "{\"sluice_chat\": 1, \"messages\": [1]}",
                           "{\"sluice_chat\": 1, \"messages\": [{\"role\": \"system\", \"content\": \"x\"}]}",
                           "{\"sluice_chat\": 1, \"messages\": [{\"role\": \"user\", \"content\": [1]}]}",
                           "{\"sluice_chat\": 1, \"messages\": [{\"role\": \"user\"}]}",
                           "{\"sluice_chat\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"\", \"tool_calls\": 1}]}"}) {
    const auto chat = parse_chat(json);
    ASSERT_FALSE(chat.ok()) << json;
    EXPECT_EQ(chat.error().code, Code::corrupt) << json;
  }
  EXPECT_EQ(parse_chat("{\"sluice_chat\": 2, \"messages\": []}").error().code, Code::unsupported);
  const auto odd = parse_chat("{\"sluice_chat\": 1, \"messages\": [], \"settings\": {\"temperature\": \"x\", \"top_p\": 7, \"more\": 1}}");
  ASSERT_TRUE(odd.ok());
  EXPECT_FALSE(odd->settings.temperature || odd->settings.top_p);
}

TEST(SessionFile, EveryCutOfAFileIsRefusedOrWhole) {
  const std::string json = chat_json(sample());
  for (size_t size = 0; size + 2 < json.size(); ++size) EXPECT_FALSE(parse_chat(json.substr(0, size)).ok()) << size;
}

TEST(SessionFile, Store) {
  const testing::TempFolder folder;
  const std::string deep = (std::filesystem::path(folder.path()) / "state" / "sessions").string();
  const SessionStore store(deep);
  EXPECT_TRUE(store.list().empty());
  EXPECT_EQ(store.load("none").error().code, Code::not_found);
  ASSERT_TRUE(store.save("one", sample()).ok());
  SavedChat second = sample();
  second.system.reset();
  ASSERT_TRUE(store.save("one", second).ok());
  const auto chat = store.load("one");
  ASSERT_TRUE(chat.ok()) << chat.error().message;
  EXPECT_FALSE(chat->system);
  struct stat st {};
  ASSERT_EQ(::stat((deep + "/one.json").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(deep.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700u);
  ASSERT_EQ(store.list().size(), 1u);  // and nothing half-written beside it
  EXPECT_EQ(store.list()[0].name, "one");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(deep), {}), 1);
}

TEST(SessionFile, Names) {
  const SessionStore store("/nonexistent");
  for (const char* name : {"", ".", "..", ".x", "a/b", "../x", "a b", "a\n", "\xc3\xa9"}) EXPECT_EQ(store.save(name, sample()).error().code, Code::invalid) << name;
  EXPECT_TRUE(check_session_name("Work-2026.11_24").ok());
  EXPECT_FALSE(check_session_name(std::string(101, 'a')).ok());
  EXPECT_EQ(SessionStore("").save("a", sample()).error().code, Code::not_found);
}

TEST(Settings, TableAndRanges) {
  ChatSettings settings;
  for (const SettingLine& line : list_settings(settings)) {
    EXPECT_EQ(line.value, "default");
    EXPECT_TRUE(set_setting(settings, line.name, "1").ok()) << line.name;
    EXPECT_FALSE(set_setting(settings, line.name, "x").ok());
    EXPECT_FALSE(set_setting(settings, line.name, "-3").ok());
    EXPECT_FALSE(set_setting(settings, line.name, "nan").ok());
  }
  for (const SettingLine& line : list_settings(settings_from(settings_value(settings)))) EXPECT_EQ(line.value, "1") << line.name;
  EXPECT_FALSE(set_setting(settings, "top_k", "1.5").ok());
  EXPECT_TRUE(set_setting(settings, "top_k", "default").ok());
  EXPECT_FALSE(settings.top_k);
  EXPECT_FALSE(set_setting(settings, "colour", "1").ok());
}

}  // namespace
}  // namespace sluice::cli

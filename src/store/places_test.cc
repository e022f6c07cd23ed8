// One model in several folders: parts that are missing at home, and copies.
#include "store/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/load.h"
#include "support/gguf_writer.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

using sluice::testing::GgufWriter;
using sluice::testing::raw;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

GgufWriter four_tensors() {
  GgufWriter w;
  w.kv("general.name", "split me");
  for (const char* name : {"d", "c", "b", "a"}) w.tensor(name, 0, {2}, raw(static_cast<float>(name[0]), 0.5f));
  return w;
}

Result<ModelFiles> open(const std::string& path, const std::vector<std::string>& more) {
  return open_model(path, more);
}

std::string error_of(const std::string& path, const std::vector<std::string>& more) {
  const auto model = open_model(path, more);
  return model.ok() ? "opened" : model.error().message;
}

// That every tensor a to d reads as it was written.
void expect_reads(const ModelFiles& model) {
  ASSERT_EQ(model.tensors.size(), 4u);
  for (const Tensor& t : model.tensors) {
    auto values = load_vector(model, t);
    ASSERT_TRUE(values.ok()) << values.error().message;
    EXPECT_THAT(*values, ElementsAre(static_cast<float>(t.name[0]), 0.5f));
    EXPECT_LT(t.data.file, model.parts);
  }
}

class PlacesTest : public ::testing::Test {
 protected:
  void move(const std::string& from, const std::string& to) { fs::rename(home_ / from, there_ / to); }

  TempFolder home_, there_, third_;
};

TEST_F(PlacesTest, OnePlaceIsItsOwnCopy) {
  four_tensors().write_split(home_ / "m", 3);
  const auto model = open_model(home_.path());
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->parts, 3);
  EXPECT_THAT(model->copies, ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));
}

TEST_F(PlacesTest, PartsOfASplitLieInAnyPlace) {
  four_tensors().write_split(home_ / "m", 3);
  move("m-00001-of-00003.gguf", "m-00001-of-00003.gguf");
  fs::rename(home_ / "m-00003-of-00003.gguf", third_ / "m-00003-of-00003.gguf");
  const std::string part = home_ / "m-00002-of-00003.gguf";
  for (const std::string& name : {part, home_.path()}) {
    for (const std::string& other : {there_.path(), there_ / "m-00001-of-00003.gguf"}) {
      const auto model = open(name, {other, third_.path()});
      ASSERT_TRUE(model.ok()) << model.error().message;
      EXPECT_EQ(model->parts, 3);
      EXPECT_EQ(model->files.size(), 3u);
      EXPECT_EQ(model->files[1].path(), part);
      EXPECT_THAT(model->files[0].path(), StartsWith(there_.path()));
      expect_reads(*model);
    }
  }
  EXPECT_THAT(error_of(part, {there_.path()}), HasSubstr("m-00003-of-00003.gguf: this part of the model is missing"));
  TempFolder empty;
  EXPECT_THAT(error_of(part, {there_.path(), third_.path(), empty.path()}),
              HasSubstr(empty.path() + ": holds no part and no copy of " + part));
}

TEST_F(PlacesTest, CopiesComeAfterThePartsAndKnowEachOther) {
  four_tensors().write_split(home_ / "m", 2);
  fs::copy(home_.path(), there_.path());
  fs::copy_file(home_ / "m-00002-of-00002.gguf", third_ / "m-00002-of-00002.gguf");
  const auto model = open(home_.path(), {there_.path(), third_.path()});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->parts, 2);
  EXPECT_EQ(model->files.size(), 5u);
  EXPECT_THAT(model->copies, ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3, 4), ElementsAre(2, 0),
                                         ElementsAre(3, 4, 1), ElementsAre(4, 1, 3)));
  EXPECT_EQ(model->files[4].path(), third_ / "m-00002-of-00002.gguf");
  expect_reads(*model);
}

TEST_F(PlacesTest, OneFileHasCopiesUnderWhateverName) {
  home_.file("m.gguf", four_tensors().bytes());
  there_.file("other.gguf", four_tensors().bytes());
  EXPECT_THAT(open(home_ / "m.gguf", {there_ / "other.gguf"})->copies,
              ElementsAre(ElementsAre(0, 1), ElementsAre(1, 0)));
  // In a folder it is looked for by name.
  EXPECT_THAT(error_of(home_ / "m.gguf", {there_.path()}), HasSubstr("holds no part and no copy"));
}

TEST_F(PlacesTest, WhatIsNoCopyIsRefusedByName) {
  constexpr size_t kLarge = 3'000'000;
  GgufWriter w;
  w.tensor("a", 24, {kLarge}, std::string(kLarge, 'x'));
  const std::string bytes = w.bytes(), home = home_.file("m.gguf", bytes);
  const auto refused = [&](const std::string& other, const std::string& why) {
    EXPECT_THAT(error_of(home, {there_.file("m.gguf", other)}), HasSubstr("m.gguf: no copy of " + home + ": " + why));
  };
  refused(bytes.substr(1), "it has");
  std::string other = bytes;
  other[20] ^= 1;
  refused(other, "other bytes near offset 0");
  other = bytes;
  other.back() ^= 1;
  refused(other, "other bytes near");
  // Another model of the same shape differs nearly everywhere past its header.
  other = bytes;
  for (size_t i = 200'000; i < bytes.size() - 200'000; i += 100) other[i] ^= 1;
  refused(other, "other bytes near");
  // A copy that was not finished: its end is there (preallocated), its middle is not.
  other = bytes;
  std::fill(other.begin() + 1'000'000, other.begin() + 1'300'000, '\0');
  refused(other, "other bytes near");
  EXPECT_EQ(open(home, {there_.file("m.gguf", bytes)})->files.size(), 2u);
}

TEST_F(PlacesTest, TheSameFileAgainGivesNothing) {
  const std::string home = home_.file("m.gguf", four_tensors().bytes());
  fs::create_hard_link(home, there_ / "m.gguf");
  fs::create_symlink(home, third_ / "m.gguf");
  for (const std::string& place : {home, home_.path(), there_.path(), third_.path()}) {
    EXPECT_THAT(error_of(home, {place}), HasSubstr(place + ": holds no part and no copy")) << place;
  }
  EXPECT_THAT(error_of(home, {"/nowhere/at/all"}), HasSubstr("/nowhere/at/all: no such file or folder"));
  EXPECT_THAT(error_of(home, std::vector<std::string>(17, there_.path())), HasSubstr("17 further places"));
}

TEST_F(PlacesTest, ShardsThatAnIndexNames) {
  home_.file("config.json", "{}");
  home_.file("model.safetensors.index.json", R"({"weight_map":{"a":"x-2.safetensors","b":"x-1.safetensors"}})");
  SafetensorsWriter().tensor("b", "F32", {1}, raw(2.0f)).write(home_ / "x-1.safetensors");
  SafetensorsWriter().tensor("a", "F32", {1}, raw(1.0f)).write(there_ / "x-2.safetensors");
  auto model = open(home_.path(), {there_.path()});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_THAT(*load_vector(*model, *model->find("a")), ElementsAre(1.0f));
  EXPECT_EQ(model->files.size(), 2u);
  EXPECT_THAT(error_of(home_.path(), {}), HasSubstr("x-2.safetensors: this part of the model is missing"));
  fs::copy_file(home_ / "x-1.safetensors", third_ / "x-1.safetensors");
  model = open(home_.path(), {there_.path(), third_.path()});
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_THAT(model->copies, ElementsAre(ElementsAre(0, 2), ElementsAre(1), ElementsAre(2, 0)));
  // Without an index nothing says that a shard is missing.
  fs::remove(home_ / "model.safetensors.index.json");
  EXPECT_THAT(error_of(home_.path(), {there_.path()}), HasSubstr("holds no part and no copy"));
}

}  // namespace
}  // namespace sluice::store

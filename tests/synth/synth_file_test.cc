// The file a synthetic model is written to: the same bytes whoever makes them, whole or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/atomic_file.h"
#include "store/synth.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

size_t files_in(const std::string& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

class SynthFile : public ::testing::Test {
 protected:
  SynthFile() {
    o_.shape = "tiny";
    o_.out = folder_ / "model.gguf";
  }
  std::string make(uint64_t seed, int32_t threads) {
    o_.seed = seed;
    o_.threads = threads;
    const auto report = synthesize(o_);
    EXPECT_TRUE(report.ok()) << report.error().message;
    const std::string bytes = bytes_of(o_.out);
    EXPECT_EQ(report->bytes, bytes.size());
    return bytes;
  }
  std::string error() {
    const auto report = synthesize(o_);
    return report.ok() ? "it was made" : report.error().message;
  }

  testing::TempFolder folder_;
  SynthOptions o_;
};

TEST_F(SynthFile, DependsOnTheSeedAlone) {
  for (const char* format : {"Q4_K", "BF16", "IQ3_S"}) {
    o_.format = format;
    const std::string one = make(1, 1);
    EXPECT_TRUE(one == make(1, 2)) << format;
    EXPECT_TRUE(one == make(1, 5)) << format;
    EXPECT_FALSE(one == make(2, 2)) << format;
  }
}

TEST_F(SynthFile, ReplacesAnOldFileOnlyWhenComplete) {
  const std::string before = make(1, 2);
  const std::atomic<bool> cancel = true;
  o_.cancel = &cancel;
  o_.seed = 2;
  EXPECT_THAT(error(), HasSubstr("stopped"));
  EXPECT_TRUE(before == bytes_of(o_.out));
  EXPECT_EQ(files_in(folder_.path()), 1u);
  o_.cancel = nullptr;
  EXPECT_FALSE(before == make(2, 2));
  EXPECT_EQ(files_in(folder_.path()), 1u);
}

TEST_F(SynthFile, ADiskWithoutRoomIsRefusedWithBothNumbers) {
  o_.shape = "qwen3.5-397b-a17b";
  o_.format = "F32";
  if (fs::space(folder_.path()).available > 1'700'000'000'000) GTEST_SKIP() << "this disk has room for 1.6 TB";
  const std::string message = error();
  EXPECT_THAT(message, HasSubstr("needs 158")) << message;  // 396 billion parameters of 4 bytes
  EXPECT_THAT(message, HasSubstr("but the disk has room for")) << message;
  EXPECT_EQ(files_in(folder_.path()), 0u);
}

TEST_F(SynthFile, ReportsProgressUpToTheWhole) {
  uint64_t last = 0;
  o_.progress = [&](uint64_t done, uint64_t total) {
    EXPECT_GT(done, last);
    EXPECT_LE(done, total);
    last = done;
  };
  const std::string bytes = make(1, 1);
  EXPECT_GT(last, bytes.size() * 9 / 10);
}

TEST_F(SynthFile, WrongWishesAreNamed) {
  o_.shape = "gpt-17";
  EXPECT_THAT(error(), HasSubstr("qwen3.5-397b-a17b"));
  o_.shape = "tiny";
  o_.layers = 9;
  EXPECT_THAT(error(), HasSubstr("tiny has 8"));
  o_.layers = 0;
  o_.format = "Q7_K";
  EXPECT_THAT(error(), HasSubstr("Q4_K"));
  o_.format = "Q4_K";
  o_.vocabulary = folder_ / "nothing.gguf";
  EXPECT_THAT(error(), HasSubstr("nothing.gguf"));
  o_.vocabulary.clear();
  o_.out = folder_.path();
  EXPECT_THAT(error(), HasSubstr("not a regular file"));
  o_.out = folder_ / "no/such/folder.gguf";
  EXPECT_THAT(error(), HasSubstr("no/such"));
  EXPECT_EQ(files_in(folder_.path()), 0u);
}

TEST(AtomicFile, AppearsOnlyWhenFinished) {
  const testing::TempFolder folder;
  const std::string path = folder.file("x", "old");
  {
    auto file = AtomicFile::create(path, 8);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(bytes_of(path), "old");
  }
  EXPECT_EQ(files_in(folder.path()), 1u);
  auto file = AtomicFile::create(path, 8);
  ASSERT_TRUE(file.ok());
  const char text[] = {'n', 'e', 'w'};
  ASSERT_TRUE(file->write(5, std::as_bytes(std::span(text))).ok());
  ASSERT_TRUE(file->finish().ok());
  EXPECT_EQ(bytes_of(path), std::string("\0\0\0\0\0new", 8));
  EXPECT_EQ(files_in(folder.path()), 1u);
}

}  // namespace
}  // namespace sluice::store

// Snapshots on disk: read back they go on with the same bytes; damaged anywhere, cut off anywhere or of another model they are
// as good as absent; and a scheduler started again goes on from them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "runtime/engine_parts.h"
#include "runtime/model_key.h"
#include "runtime/snapshot_folder.h"
#include "sluice/scheduler.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

constexpr uint64_t kKey = 77;

EngineOptions options() {
  EngineOptions o;
  o.model = SLUICE_SOURCE_DIR "/models/demo.gguf";
  o.threads = 2;
  o.context = 1024;
  return o;
}

std::vector<int32_t> words(size_t count, uint32_t seed) {
  std::vector<int32_t> out;
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<int32_t>((seed * 977 + i * 131) % 4000));
  return out;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

class OnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = std::move(Engine::open(options())).value();
    session_ = std::move(engine_->new_session()).value();
    tokens_ = words(300, 1);
    ASSERT_TRUE(session_->feed(tokens_, {}).ok());
    snapshot_ = std::move(runtime::save(session_->parts(), tokens_, nullptr)).value();
    shape_ = runtime::snapshot_shape(session_->parts());
    path_ = folder_ / "a.snapshot";
    const Status written = runtime::write_snapshot(path_, shape_, kKey, *snapshot_);
    ASSERT_TRUE(written.ok()) << written.error().message;
  }
  std::vector<int32_t> answer() {
    GenerateOptions o;
    o.max_tokens = 20;
    o.ignore_eos = true;
    auto g = session_->generate(words(5, 3), o, {});
    EXPECT_TRUE(g.ok());
    return g->tokens;
  }
  bool refused(uint64_t key = kKey) const {
    const auto read = runtime::read_snapshot(path_, shape_, key);
    return !read.ok() && read.error().message.find(path_) != std::string::npos && read.error().message.find('\n') == std::string::npos;
  }

  const testing::TempFolder folder_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
  std::vector<int32_t> tokens_;
  std::shared_ptr<const runtime::Snapshot> snapshot_;
  runtime::SnapshotShape shape_;
  std::string path_;
};

TEST_F(OnDisk, ReadBackGoesOnWithTheSameBytes) {
  const auto unbroken = answer();
  const auto read = runtime::read_snapshot(path_, shape_, kKey);
  ASSERT_TRUE(read.ok()) << read.error().message;
  session_->reset();
  ASSERT_TRUE(session_->feed(words(400, 9), {}).ok());
  ASSERT_TRUE(runtime::restore(session_->parts(), **read).ok());
  EXPECT_EQ(answer(), unbroken);
  EXPECT_EQ(std::filesystem::file_size(path_), runtime::file_bytes(shape_, *snapshot_));
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path_).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(OnDisk, CutOffAnywhereIsRefused) {
  const std::string whole = bytes_of(path_);
  for (size_t size = 0; size < whole.size(); size = size < 80 ? size + 1 : size + 4096) {
    put(path_, whole.substr(0, size));
    EXPECT_TRUE(refused()) << size;
  }
  put(path_, whole + "x");
  EXPECT_TRUE(refused());
  put(path_, whole);
  EXPECT_FALSE(refused());
}

// Every byte of the header; of the sections one in each page that holds something.
TEST_F(OnDisk, AChangedBitIsRefusedOrPadding) {
  const std::string whole = bytes_of(path_);
  for (size_t at = 0; at < whole.size(); at = at < 71 ? at + 1 : at / 4096 * 4096 + 4096) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    put(path_, changed);
    EXPECT_TRUE(refused()) << at;
  }
}

TEST_F(OnDisk, OfAnotherModelOrAnotherWayToRunItIsRefused) {
  EXPECT_TRUE(refused(kKey + 1));
  const uint64_t key = runtime::model_key(engine_->parts()).value();
  const auto key_of = [](EngineOptions o) { return runtime::model_key(std::move(Engine::open(o)).value()->parts()).value(); };
  EngineOptions same = options(), kv = options(), fewer = options();
  same.threads = 1, same.chunk = 7, same.context = 600;
  kv.kv = "q8";
  fewer.experts = 1;
  EXPECT_EQ(key_of(same), key);
  EXPECT_NE(key_of(kv), key);
  EXPECT_NE(key_of(fewer), key);
}

TEST_F(OnDisk, TheFolderKeepsItsBoundAndWritesNothingTwice) {
  const uint64_t file = runtime::file_bytes(shape_, *snapshot_);
  const testing::TempFolder folder;
  auto open = [&](uint64_t key, uint64_t files) {
    return std::move(runtime::SnapshotFolder::open(folder.path(), files * file + file / 2, shape_, key)).value();
  };
  {
    auto store = open(kKey, 5);
    for (int i = 0; i < 3; ++i) store->offer(snapshot_), store->settle();
    EXPECT_EQ(store->counters().written, 1u);
    for (uint32_t seed = 2; seed < 6; ++seed) {
      session_->reset();
      const auto other = words(300, seed);
      ASSERT_TRUE(session_->feed(other, {}).ok());
      store->offer(std::move(runtime::save(session_->parts(), other, nullptr)).value());
      store->settle();
    }
    EXPECT_EQ(store->counters().written, 2u);  // more an hour it may not
    EXPECT_EQ(store->counters().put_off, 3u);
    EXPECT_EQ(store->counters().written_bytes, 2 * file);
  }
  auto again = open(kKey, 5);
  std::vector<int32_t> prompt = tokens_;
  prompt.push_back(1);
  EXPECT_EQ(again->longest(prompt).tokens, tokens_.size());
  EXPECT_NE(again->read(again->longest(prompt)), nullptr);
  EXPECT_EQ(again->longest(words(299, 1)).tokens, 0u);
  EXPECT_EQ(open(kKey + 1, 5)->longest(prompt).tokens, 0u);
  const auto found = again->longest(prompt);
  std::string damaged = bytes_of(found.path);
  damaged[damaged.size() - 4096] ^= 1;
  put(found.path, damaged);
  EXPECT_EQ(again->read(found), nullptr);
  EXPECT_EQ(again->longest(prompt).tokens, 0u);
  EXPECT_EQ(again->counters().refused, 1u);
  EXPECT_FALSE(std::filesystem::exists(found.path));
  EXPECT_LE(open(kKey, 0)->counters().bytes, file / 2);
}

TEST(Restart, AStartedAgainSchedulerGoesOnFromDisk) {
  const testing::TempFolder folder;
  const auto ask = [&](const std::string& snapshots, std::vector<int32_t> prompt, SchedulerStatus& status) {
    EngineOptions o = options();
    o.snapshot_bytes = 64 << 20;
    SchedulerOptions so;
    so.snapshots = snapshots;
    so.snapshots_size = uint64_t{256} << 20;
    auto scheduler = Scheduler::start(std::move(Engine::open(o)).value(), so);
    EXPECT_TRUE(scheduler.ok()) << scheduler.error().message;
    std::promise<Result<Generation>> answer;
    Request request;
    request.prompt = std::move(prompt);
    request.options.max_tokens = 10;
    request.options.ignore_eos = true;
    EXPECT_TRUE((*scheduler)->submit(std::move(request), [&](Result<Generation> g) { answer.set_value(std::move(g)); }).ok());
    auto tokens = answer.get_future().get().value().tokens;
    status = (*scheduler)->status();
    return tokens;
  };
  SchedulerStatus first, second, fresh;
  std::vector<int32_t> prompt = words(500, 1);
  const auto said = ask(folder.path(), prompt, first);
  EXPECT_EQ(first.reused_tokens, 0u);
  const auto more = words(4, 8);
  prompt.insert(prompt.end(), said.begin(), said.end());
  prompt.insert(prompt.end(), more.begin(), more.end());
  const auto restarted = ask(folder.path(), prompt, second);
  EXPECT_EQ(restarted, ask("", prompt, fresh));
  EXPECT_GE(second.reused_tokens, 500u);
  EXPECT_EQ(second.snapshot_files_read, 1u);
  EXPECT_EQ(fresh.reused_tokens, 0u);
  // The second answer ended a few tokens behind what was on disk: a server that ends well writes it, too.
  prompt.insert(prompt.end(), restarted.begin(), restarted.end());
  const size_t known = prompt.size() - 1;  // the last of an answer is chosen, and not taken in
  prompt.insert(prompt.end(), more.begin(), more.end());
  const auto third = ask(folder.path(), prompt, second);
  EXPECT_EQ(third, ask("", prompt, fresh));
  EXPECT_GE(second.reused_tokens, known);
}

}  // namespace
}  // namespace sluice

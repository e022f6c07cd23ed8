// Where a model lies changes no byte: one folder or two with copies of it, a drive that fails beside one that works, a
// file that is replaced or cut while it is in use.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "io/backend.h"
#include "io/faulty.h"
#include "runtime/engine_parts.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";

std::unique_ptr<Engine> open(const std::string& model, std::vector<std::string> more, const char* io = "auto") {
  EngineOptions o;
  o.model = model;
  o.more_models = std::move(more);
  o.threads = 2;
  o.context = 128;
  o.chunk = 8;
  o.io = io;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  return std::move(engine).value();
}

// With the smallest pool, through `reader`, as if every file lay on a drive of its own.
void use_smallest_pool(Engine& engine, io::Reader reader) {
  Engine::Parts& p = engine.parts();
  std::vector<io::FilePlace> places;
  for (size_t i = 0; i < p.expert_files.files.size(); ++i) places.push_back({i + 1, 0});
  io::QueueOptions options;
  options.drives = static_cast<int32_t>(places.size());
  options.reader = reader;
  auto queue = io::make_queue("pread", options);
  ASSERT_TRUE(queue.ok());
  runtime::SlotPlan slots = runtime::plan_slots_in(p.plan, p.expert_files.alignment, 0);
  Arena memory = Arena::map(slots.bytes).value();
  auto pool = std::make_unique<runtime::SlotPool>(p.plan, std::move(slots), std::move(memory), cache::policies().front());
  p.keeper.reset();
  p.experts = std::make_unique<runtime::ExpertStore>(p.expert_files, io::Drives(places), p.plan, std::move(pool), std::move(queue).value());
}

struct Fed {
  Status status;
  std::vector<float> logits;
};

Fed feed(Session& session, int first, int count) {
  Fed fed;
  std::vector<int32_t> ids(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) ids[static_cast<size_t>(i)] = (first + i) * 37 % 4000;
  fed.status = session.feed(ids, [&](int64_t, std::span<const float> row) -> Status {
    fed.logits.insert(fed.logits.end(), row.begin(), row.end());
    return {};
  });
  return fed;
}

Fed feed_all(Engine& engine) {
  auto session = engine.new_session();
  EXPECT_TRUE(session.ok());
  return feed(**session, 0, 50);
}

void expect_same(const Fed& a, const Fed& b) {
  ASSERT_TRUE(a.status.ok()) << a.status.error().message;
  ASSERT_TRUE(b.status.ok()) << b.status.error().message;
  ASSERT_EQ(a.logits.size(), b.logits.size());
  EXPECT_EQ(std::memcmp(a.logits.data(), b.logits.data(), a.logits.size() * sizeof(float)), 0);
}

class Places : public ::testing::Test {
 protected:
  Places() {
    for (const char* name : {"a", "b"}) {
      fs::create_directory(folder_ / name);
      fs::copy_file(kDemo, path(name));
    }
  }
  std::string path(const std::string& name) { return (folder_ / name) + "/demo.gguf"; }
  static const Fed& reference() {
    static const Fed fed = feed_all(*open(kDemo, {}));
    return fed;
  }
  sluice::testing::TempFolder folder_;
};

// Counts what is read of each file.
struct Counting {
  static int64_t read(void* self, const io::File& file, uint64_t offset, std::span<std::byte> out) {
    auto* me = static_cast<Counting*>(self);
    const io::Reader under = io::system_reader();
    const int64_t n = under.read(under.self, file, offset, out);
    me->bytes[file.path().find("/a/") != std::string::npos ? 0 : 1] += static_cast<uint64_t>(std::max<int64_t>(n, 0));
    return n;
  }
  std::atomic<uint64_t> bytes[2]{};
};

TEST_F(Places, TwoFoldersChangeNoByteAndBothAreRead) {
  const auto engine = open(path("a"), {folder_ / "b"});
  ASSERT_TRUE(engine->parts().expert_files.several);
  Counting counting;
  use_smallest_pool(*engine, {Counting::read, &counting});
  expect_same(reference(), feed_all(*engine));
  EXPECT_GT(counting.bytes[0], 1u << 20);
  EXPECT_GT(counting.bytes[1], 1u << 20);
}

TEST_F(Places, ADriveThatFailsIsReplacedByTheOther) {
  const auto engine = open(path("a"), {folder_ / "b"});
  const io::File* broken = engine->parts().expert_files.files[0];
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::error, .file = broken}});
  use_smallest_pool(*engine, faulty.reader());
  expect_same(reference(), feed_all(*engine));
  EXPECT_GT(faulty.struck(0), 10u);
}

// A file that another one takes the name of is still the one that was opened.
TEST_F(Places, AReplacedFileChangesNoByte) {
  const auto engine = open(path("a"), {});
  use_smallest_pool(*engine, io::system_reader());
  auto session = engine->new_session();
  Fed fed = feed(**session, 0, 20);
  fs::copy_file(SLUICE_SOURCE_DIR "/README.md", folder_ / "other");
  fs::rename(folder_ / "other", path("a"));
  const uint64_t misses = engine->parts().experts->counters().misses;
  const Fed rest = feed(**session, 20, 30);
  ASSERT_TRUE(rest.status.ok());
  EXPECT_GT(engine->parts().experts->counters().misses, misses);  // it did read on
  fed.logits.insert(fed.logits.end(), rest.logits.begin(), rest.logits.end());
  expect_same(reference(), fed);
}

// One that is cut short ends the request with the place; no token after it.
TEST_F(Places, ACutFileIsAnErrorThatNamesThePlace) {
  for (const char* io : {"direct", "buffered"}) {
    SCOPED_TRACE(io);
    fs::copy_file(kDemo, path("a"), fs::copy_options::overwrite_existing);
    const auto engine = open(path("a"), {}, io);
    use_smallest_pool(*engine, io::system_reader());
    auto session = engine->new_session();
    ASSERT_TRUE(feed(**session, 0, 20).status.ok());
    fs::resize_file(path("a"), fs::file_size(path("a")) / 3);
    const Fed rest = feed(**session, 20, 30);
    ASSERT_FALSE(rest.status.ok());
    for (const char* word : {"layer ", "expert ", "demo.gguf", "offset ", "short read"}) {
      EXPECT_NE(rest.status.error().message.find(word), std::string::npos) << rest.status.error().message;
    }
  }
}

}  // namespace
}  // namespace sluice

// A bad drive: reads that come short or fail once change nothing; reads that keep failing end the request with an error
// that names layer, expert, file and offset. Never a changed token.
#include <gtest/gtest.h>

#include <cstring>

#include "io/backend.h"
#include "io/faulty.h"
#include "runtime/engine_parts.h"

namespace sluice {
namespace {

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";

std::vector<int32_t> prompt() {
  std::vector<int32_t> ids(50);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 37 % 4000);
  return ids;
}

// The demo with a slot pool of one token's experts, and reads that go through `faulty` (null: the real thing).
std::unique_ptr<Engine> open_with(io::FaultyReader* faulty, const char* lookahead = "off") {
  EngineOptions o;
  o.lookahead = lookahead;
  o.model = kDemo;
  o.threads = 2;
  o.context = 128;
  o.chunk = 8;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  Engine::Parts& p = (*engine)->parts();
  io::QueueOptions options;
  if (faulty != nullptr) options.reader = faulty->reader();
  auto queue = io::make_queue("pread", options);  // the one whose reads faults can be put into
  EXPECT_TRUE(queue.ok());
  runtime::SlotPlan slots = runtime::plan_slots_in(p.plan, p.expert_files.alignment, 0);
  EXPECT_EQ(slots.slots, p.plan.top_k * static_cast<int32_t>(p.plan.expert_layers.size()));
  Arena memory = Arena::map(slots.bytes).value();
  auto pool = std::make_unique<runtime::SlotPool>(p.plan, std::move(slots), std::move(memory), cache::policies().front());
  p.experts = std::make_unique<runtime::ExpertStore>(p.expert_files, runtime::drives_of(p.expert_files), p.plan, std::move(pool), std::move(queue).value());
  return std::move(engine).value();
}

struct Fed {
  Status status;
  std::vector<float> logits;
};

Fed feed_prompt(Engine& engine) {
  Fed fed;
  auto session = engine.new_session();
  EXPECT_TRUE(session.ok());
  fed.status = (*session)->feed(prompt(), [&](int64_t, std::span<const float> row) -> Status {
    fed.logits.insert(fed.logits.end(), row.begin(), row.end());
    return {};
  });
  return fed;
}

const std::vector<float>& good_logits() {
  static const std::vector<float> logits = [] {
    const auto engine = open_with(nullptr);
    Fed fed = feed_prompt(*engine);
    EXPECT_TRUE(fed.status.ok());
    return std::move(fed.logits);
  }();
  return logits;
}

void expect_good(const Fed& fed) {
  ASSERT_TRUE(fed.status.ok()) << fed.status.error().message;
  ASSERT_EQ(fed.logits.size(), good_logits().size());
  EXPECT_EQ(std::memcmp(fed.logits.data(), good_logits().data(), fed.logits.size() * sizeof(float)), 0);
}

TEST(Fault, ShortReadsChangeNoByte) {
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::short_read, .every = 3, .bytes = 1000}});
  expect_good(feed_prompt(*open_with(&faulty)));
  EXPECT_GT(faulty.struck(0), 100u);
}

TEST(Fault, AnErrorThatGoesAwayChangesNoByte) {
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::error, .skip = 20, .times = 1}});
  expect_good(feed_prompt(*open_with(&faulty)));
  EXPECT_EQ(faulty.struck(0), 1u);
}

TEST(Fault, InterruptedReadsChangeNoByte) {
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::error, .every = 2, .error = EINTR}});
  expect_good(feed_prompt(*open_with(&faulty)));
  EXPECT_GT(faulty.struck(0), 100u);
}

TEST(Fault, SlowReadsChangeNoByte) {
  io::FaultyReader faulty(io::system_reader(),
                          {{.fault = io::Fault::delay, .every = 7, .delay = std::chrono::milliseconds(2)}});
  expect_good(feed_prompt(*open_with(&faulty)));
  EXPECT_GT(faulty.struck(0), 50u);
}

TEST(Fault, AnErrorThatStaysEndsTheRequestAndNamesThePlace) {
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::error, .skip = 1500}});
  const auto engine = open_with(&faulty);
  const Fed fed = feed_prompt(*engine);
  ASSERT_FALSE(fed.status.ok());
  EXPECT_EQ(fed.status.error().code, Code::io);
  for (const char* word : {"layer ", "expert ", "extent ", "demo.gguf", "offset ", "Input/output error"}) {
    EXPECT_NE(fed.status.error().message.find(word), std::string::npos) << fed.status.error().message;
  }
  // What was computed before the failure is right, and nothing was said after it.
  ASSERT_FALSE(fed.logits.empty());
  ASSERT_LT(fed.logits.size(), good_logits().size());
  EXPECT_EQ(std::memcmp(fed.logits.data(), good_logits().data(), fed.logits.size() * sizeof(float)), 0);
}

// The drive recovers: the same engine goes on, and what it cached before is still right. Twelve errors on end fail at
// least one read for good: each of the four threads' reads is given up after its third.
TEST(Fault, TheEngineSurvivesAFailedRequest) {
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::error, .skip = 300, .times = 12}});
  const auto engine = open_with(&faulty);
  EXPECT_FALSE(feed_prompt(*engine).status.ok());
  EXPECT_EQ(faulty.struck(0), 12u);
  expect_good(feed_prompt(*engine));
}

// Guesses fail and nobody is told: who needs the expert reads it again. Every ninth read fails, and a read is tried three
// times, so a struck read succeeds later; three errors on end would be one read's failure, which demand reads may not see.
TEST(Fault, GuessesThatFailChangeNoByte) {
  io::FaultyReader faulty(io::system_reader(), {{.fault = io::Fault::error, .every = 9}});
  const auto engine = open_with(&faulty, "on");
  expect_good(feed_prompt(*engine));
  EXPECT_GT(faulty.struck(0), 100u);
  EXPECT_GT(engine->parts().experts->counters().speculative_reads, 100u);
  EXPECT_GT(engine->parts().experts->counters().foreseen, 0u);
}

}  // namespace
}  // namespace sluice

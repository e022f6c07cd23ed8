// A scheduler that nobody asks reads what the first tokens will want, and stops for whoever comes.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "sluice/scheduler.h"

namespace sluice {
namespace {

std::unique_ptr<Scheduler> start(bool read_all) {
  EngineOptions o;
  o.model = SLUICE_SOURCE_DIR "/models/demo.gguf";
  o.threads = 2;
  o.context = 512;
  o.read_all = read_all;
  return Scheduler::start(std::move(Engine::open(o)).value(), {}).value();
}

Generation answer(Scheduler& scheduler) {
  std::promise<Generation> done;
  Request request{{3, 1, 4, 1, 5, 9, 2, 6}, {}, {}};
  request.options.max_tokens = 20;
  request.options.ignore_eos = true;
  EXPECT_TRUE(scheduler.submit(std::move(request), [&](Result<Generation> g) { done.set_value(g.ok() ? std::move(g).value() : Generation()); }).ok());
  return done.get_future().get();
}

TEST(Idle, FillsTheSlotsBeforeAnybodyAsks) {
  const auto scheduler = start(true);
  const auto given_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  // Told when all is read.
  while (scheduler->status().bytes_read == 0 && std::chrono::steady_clock::now() < given_up) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ASSERT_GT(scheduler->status().bytes_read, 0u);
  const ExpertMap map = scheduler->experts();
  ASSERT_GT(map.slots, 0);
  EXPECT_EQ(map.in_memory, map.slots);
  const Generation got = answer(*scheduler);

  const auto cold = start(false);
  const Generation want = answer(*cold);
  EXPECT_LT(want.stats.hit_rate, got.stats.hit_rate);
  EXPECT_GT(want.stats.ssd_bytes_per_token, got.stats.ssd_bytes_per_token);
  EXPECT_EQ(got.tokens, want.tokens);
}

// Neither a request nor the end waits for all of it.
TEST(Idle, EndsAtOnce) {
  for (int round = 0; round < 10; ++round) {
    const auto scheduler = start(true);
    if (round % 2 == 0) {
      EXPECT_EQ(answer(*scheduler).tokens.size(), 20u);
    }
  }
}

}  // namespace
}  // namespace sluice

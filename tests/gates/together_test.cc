// Answers made together have the bytes of answers made alone: prompts in between, sessions used again, prefixes reused,
// speculation, streamed experts, every family. Each gate proves that passes were shared.
#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <mutex>
#include <numeric>

#include "runtime/engine_parts.h"
#include "sluice/scheduler.h"
#include "support/head_model.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";

struct Asked {
  std::vector<int32_t> prompt;
  GenerateOptions options;
};

EngineOptions options_of(const std::string& model, int32_t sessions) {
  EngineOptions o;
  o.model = model;
  o.threads = 2;
  o.chunk = 16;
  o.context = 512;
  o.sessions = sessions;
  return o;
}

std::unique_ptr<Engine> open(const EngineOptions& o) {
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  return std::move(engine).value();
}

// Differing lengths, samplers, penalties and ends.
Asked asked(std::vector<int32_t> prompt, size_t number) {
  Asked out{std::move(prompt), {}};
  GenerateOptions& o = out.options;
  o.max_tokens = 20 + static_cast<int64_t>(number * 13 % 40);
  o.ignore_eos = true;
  o.sampling.seed = number;
  o.sampling.temperature = number % 3 == 0 ? 0.0f : 0.9f;
  o.sampling.repetition_penalty = number % 2 == 0 ? 1.0f : 1.1f;
  return out;
}

std::vector<Asked> stories(Engine& engine) {
  std::vector<Asked> out;
  for (const char* text : {"Tell me a story about a fox.", "The old woman walked to the river and", "What is the weather in Cairo?", "One, two, three,",
                           "A fox and a bear met. The fox said: \"Good morning\", and the bear said nothing at all, for it was early, and cold, and he"}) {
    out.push_back(asked(engine.tokenizer()->encode(text, false).value(), out.size()));
  }
  return out;
}

std::vector<Generation> alone(const EngineOptions& o, const std::vector<Asked>& all) {
  EngineOptions one = o;
  one.sessions = 1;
  const auto engine = open(one);
  const auto session = engine->new_session().value();
  std::vector<Generation> out;
  for (const Asked& each : all) {
    session->reset();
    GenerateOptions options = each.options;
    auto g = session->generate(each.prompt, options, {});
    EXPECT_TRUE(g.ok()) << g.error().message;
    out.push_back(g.ok() ? std::move(g).value() : Generation());
  }
  return out;
}

struct Together {
  std::vector<Generation> answers;
  SchedulerStatus status;
};

// All requests are there before the first is begun, because the first token of the first waits for them.
Together together(const EngineOptions& o, const std::vector<Asked>& all) {
  auto scheduler = Scheduler::start(open(o), {}).value();
  Together out;
  out.answers.resize(all.size());
  std::mutex mutex;
  std::condition_variable changed;
  size_t asked = 0, done = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto wait = [&](int32_t, std::string_view) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return asked == all.size(); });
    };
    const auto keep = [&, i](Result<Generation> g) {
      EXPECT_TRUE(g.ok()) << g.error().message;
      if (g.ok()) out.answers[i] = std::move(g).value();
      const std::lock_guard lock(mutex);
      ++done;
      changed.notify_all();
    };
    EXPECT_TRUE(scheduler->submit({all[i].prompt, all[i].options, wait}, keep).ok());
    const std::lock_guard lock(mutex);
    ++asked;
    changed.notify_all();
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done == all.size(); });
  lock.unlock();
  out.status = scheduler->status();
  return out;
}

void expect_same(const std::vector<Generation>& got, const std::vector<Generation>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(got[i].tokens, want[i].tokens);
    EXPECT_EQ(got[i].text, want[i].text);
    EXPECT_EQ(got[i].finish, want[i].finish);
  }
}

double touched(const std::vector<Generation>& all) {
  double bytes = 0, tokens = 0;
  for (const Generation& g : all) {
    bytes += g.stats.expert_bytes_per_token * static_cast<double>(g.stats.decode_tokens);
    tokens += static_cast<double>(g.stats.decode_tokens);
  }
  return bytes / tokens;
}

void expect_shared(const Together& t, double least = 1.5) {
  EXPECT_GT(t.status.decode_passes, 0u);
  EXPECT_GT(static_cast<double>(t.status.decode_pass_tokens), least * static_cast<double>(t.status.decode_passes));
}

class OfDemo : public ::testing::TestWithParam<int32_t> {};

TEST_P(OfDemo, SameBytesFewerExpertBytes) {
  const EngineOptions o = options_of(kDemo, GetParam());
  const std::vector<Asked> all = stories(*open(o));
  const std::vector<Generation> want = alone(o, all);
  const Together got = together(o, all);
  expect_same(got.answers, want);
  expect_shared(got);
  EXPECT_LT(touched(got.answers), 0.95 * touched(want));
}
INSTANTIATE_TEST_SUITE_P(Together, OfDemo, ::testing::Values(2, 4, 16), [](const auto& i) { return std::to_string(i.param); });

TEST(Together, StreamedExperts) {
  EngineOptions o = options_of(kDemo, 4);
  o.memory_bytes = open(o)->memory().floor + (uint64_t{2} << 20);
  const std::vector<Asked> all = stories(*open(o));
  const Together got = together(o, all);
  expect_same(got.answers, alone(options_of(kDemo, 1), all));
  expect_shared(got);
  EXPECT_GT(got.status.expert_misses, 0u);
}

TEST(Together, Drafts) {
  EngineOptions o = options_of(kDemo, 3);
  o.speculate = "lookup";
  std::vector<Asked> all = stories(*open(o));
  for (Asked& each : all) each.prompt.insert(each.prompt.end(), each.prompt.begin(), each.prompt.end());
  all.back().options.max_tokens = 300;  // left alone at the end, when drafts are made
  all.back().options.sampling = {};
  const Together got = together(o, all);
  expect_same(got.answers, alone(options_of(kDemo, 1), all));
  expect_shared(got, 1.1);
  EXPECT_GT(std::accumulate(got.answers.begin(), got.answers.end(), int64_t{0}, [](int64_t n, const Generation& g) { return n + g.stats.draft_accepted; }), 0);
}

TEST(Together, PredictionHead) {
  const testing::TempFolder folder;
  const std::string model = testing::HeadModel().add_random_head().make_repetitive(0.35f).write_safetensors(folder);
  EngineOptions o = options_of(model, 3);
  std::vector<Asked> all;
  for (int32_t i = 0; i < 5; ++i) all.push_back(asked({5 + i, 17, 301, 44, 5, 17, 301 + i}, static_cast<size_t>(i)));
  all[1].options.max_tokens = 150;
  const std::vector<Generation> want = alone(o, all);
  o.speculate = "mtp";
  const Together got = together(o, all);
  expect_same(got.answers, want);
  expect_shared(got);
  EXPECT_GT(got.answers[1].stats.drafted, 0);
}

TEST(Together, EveryFamily) {
  for (const char* family : {"qwen3_5_moe", "qwen3_moe", "qwen3_next"}) {
    SCOPED_TRACE(family);
    const testing::TempFolder folder;
    const EngineOptions o = options_of(testing::HeadModel(family).write_safetensors(folder), 4);
    std::vector<Asked> all;
    for (int32_t i = 0; i < 6; ++i) {
      std::vector<int32_t> prompt;
      for (int32_t t = 0; t < 3 + 25 * (i % 3); ++t) prompt.push_back((t * 37 + i * 11) % 320);
      all.push_back(asked(std::move(prompt), static_cast<size_t>(i)));
    }
    const Together got = together(o, all);
    expect_same(got.answers, alone(o, all));
    expect_shared(got);
  }
}

// Turns of several conversations, all at once: each goes on from what a session or a saved state holds.
TEST(Together, ConversationsGoOn) {
  EngineOptions o = options_of(kDemo, 3);
  o.snapshot_bytes = int64_t{64} << 20;
  std::vector<Asked> first = stories(*open(o));
  const std::vector<Generation> answers = alone(o, first);
  std::vector<Asked> all = first;
  for (size_t i = 0; i < first.size(); ++i) {
    std::vector<int32_t> next = first[i].prompt;
    next.insert(next.end(), answers[i].tokens.begin(), answers[i].tokens.end());
    next.insert(next.end(), first[(i + 1) % first.size()].prompt.begin(), first[(i + 1) % first.size()].prompt.end());
    all.push_back(asked(std::move(next), i + 1));
  }
  const Together got = together(o, all);
  expect_same(got.answers, alone(o, all));
  expect_shared(got);
  EXPECT_GT(got.status.reused_tokens, 0u);
}

// One that is cancelled in the middle leaves the others as they are.
TEST(Together, OneLeaves) {
  const EngineOptions o = options_of(kDemo, 4);
  std::vector<Asked> all = stories(*open(o));
  const std::vector<Generation> want = alone(o, all);
  std::atomic<bool> cancel{false};
  all[1].options.cancel = &cancel;
  int32_t left = 5;
  all[1].options.chances = [&](const TokenChances&) { cancel = --left <= 0; };
  const Together got = together(o, all);
  EXPECT_EQ(got.answers[1].finish, Finish::cancelled);
  EXPECT_EQ(got.answers[1].tokens.size(), 5u);
  for (const size_t i : {0u, 2u, 3u, 4u}) EXPECT_EQ(got.answers[i].tokens, want[i].tokens);
  expect_shared(got);
}

TEST(Together, AsManyAsPlanned) {
  EXPECT_EQ(Engine::open(options_of(kDemo, 0)).error().code, Code::invalid);
  EXPECT_EQ(Engine::open(options_of(kDemo, 17)).error().code, Code::invalid);
  const auto engine = open(options_of(kDemo, 2));
  EXPECT_EQ(engine->memory().sessions, 2);
  auto one = engine->new_session(), two = engine->new_session();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(engine->new_session().error().code, Code::over_budget);
  two->reset();
  EXPECT_TRUE(engine->new_session().ok());
  EngineOptions tight = options_of(kDemo, -1);
  tight.chunk = 1;
  tight.memory_bytes = open(options_of(kDemo, 1))->memory().floor + (uint64_t{1} << 20);
  EXPECT_EQ(open(tight)->memory().sessions, 1);
  EXPECT_EQ(open(options_of(kDemo, -1))->memory().sessions, 4);
}

}  // namespace
}  // namespace sluice

// A conversation put back from a snapshot goes on with the same bytes as one that was never left: with and without recurrent
// layers, whatever the format of keys and values, the chunks, and the drafts held; and a scheduler that keeps many
// conversations says what one that keeps none says, having read less.
#include <gtest/gtest.h>

#include <cstring>
#include <future>

#include "runtime/engine_parts.h"
#include "runtime/snapshot.h"
#include "sluice/scheduler.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";
std::string golden(const std::string& family) { return SLUICE_SOURCE_DIR "/tests/golden/data/seed100/" + family; }

struct Case {
  std::string name, model;
  std::string kv = "f32";
  int32_t chunk = 64, chunk_after = 64;
  std::string speculate = "off";
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

struct Opened {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> session;
  int32_t vocab = 0;
};

Opened open(const Case& c, int32_t chunk) {
  EngineOptions o;
  o.model = c.model;
  o.threads = 2;
  o.chunk = chunk;
  o.context = c.model == kDemo ? 1024 : 0;
  o.kv = c.kv;
  o.speculate = c.speculate;
  Opened out;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  out.engine = std::move(engine).value();
  out.session = std::move(out.engine->new_session()).value();
  out.vocab = out.engine->info().vocab;
  return out;
}

std::vector<int32_t> words(int32_t vocab, size_t count, uint32_t seed) {
  std::vector<int32_t> out;
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<int32_t>((seed * 977 + i % 23 * 131) % static_cast<uint32_t>(vocab)));
  return out;
}

// A text that the demo model goes on repeating, so that drafts from it are accepted.
std::vector<int32_t> repeated(const Engine& engine) {
  std::string text;
  for (int i = 0; i < 12; ++i) text += "The fox and the old woman walked to the river. ";
  return engine.tokenizer()->encode(text, false).value();
}

std::vector<int32_t> say(Session& session, std::span<const int32_t> prompt, int64_t tokens) {
  GenerateOptions o;
  o.max_tokens = tokens;
  o.ignore_eos = true;
  auto g = session.generate(prompt, o, {});
  EXPECT_TRUE(g.ok()) << g.error().message;
  return g.ok() ? g->tokens : std::vector<int32_t>();
}

struct Ending {
  std::vector<int32_t> tokens;
  std::vector<float> logits;
  bool operator==(const Ending& o) const {
    return tokens == o.tokens && logits.size() == o.logits.size() && !logits.empty() &&
           std::memcmp(logits.data(), o.logits.data(), logits.size() * sizeof(float)) == 0;
  }
};

// What the conversation comes to from where it stands.
Ending end(Opened& at, std::span<const int32_t> prompt) {
  Ending out;
  out.tokens = say(*at.session, prompt, 24);
  const auto last = words(at.vocab, 3, 5);
  EXPECT_TRUE(at.session->feed(last, [&](int64_t, std::span<const float> row) -> Status {
    out.logits.insert(out.logits.end(), row.begin(), row.end());
    return {};
  }).ok());
  return out;
}

class Snapshots : public testing::TestWithParam<Case> {};

TEST_P(Snapshots, GoOnAsIfNeverLeft) {
  const Case& c = GetParam();
  const size_t long_prompt = c.model == kDemo ? 600 : 40;
  Opened at = open(c, c.chunk);
  const auto prompt = c.speculate == "off" ? words(at.vocab, long_prompt, 1) : repeated(*at.engine), next = words(at.vocab, 30, 2);
  // Of every point in the answer at which a session may be left; drafts are held at some.
  bool held = false, pending = false;
  std::vector<int64_t> points = {0, 1, 7, 8, 9, 10};
  if (c.speculate != "off") points.insert(points.end(), {100, 101, 102, 103, 104});
  for (const int64_t answered : points) {
    at.session->reset();
    std::vector<int32_t> tokens = prompt;
    for (const int32_t token : say(*at.session, prompt, answered)) tokens.push_back(token);
    ASSERT_TRUE(runtime::can_save(at.session->parts()));
    const auto saved = runtime::save(at.session->parts(), tokens, nullptr);
    ASSERT_TRUE(saved.ok());
    held |= (*saved)->held > 0;
    pending |= (*saved)->pending;
    const Ending unbroken = end(at, next);

    at.session->reset();
    say(*at.session, words(at.vocab, long_prompt + 3, 9), 5);  // another conversation over it
    ASSERT_TRUE(runtime::restore(at.session->parts(), **saved).ok());
    EXPECT_EQ(at.session->position(), static_cast<int64_t>(tokens.size()));
    EXPECT_EQ(end(at, next), unbroken) << answered;

    if (answered != 0 && answered != 9) continue;
    Opened elsewhere = open(c, c.chunk_after);
    ASSERT_TRUE(runtime::restore(elsewhere.session->parts(), **saved).ok());
    EXPECT_EQ(end(elsewhere, next), unbroken) << answered;
    // The same prompt again needs no pass for its first token.
    ASSERT_TRUE(runtime::restore(elsewhere.session->parts(), **saved).ok());
    ASSERT_TRUE(runtime::restore(at.session->parts(), **saved).ok());
    EXPECT_EQ(end(elsewhere, {}), end(at, {}));
  }
  EXPECT_TRUE(pending);
  EXPECT_EQ(held, c.speculate != "off");
}

class LongSnapshots : public Snapshots {};  // more than a block

TEST_P(LongSnapshots, ShareWhatTheyHaveInCommon) {
  const Case& c = GetParam();
  Opened at = open(c, c.chunk);
  const auto prompt = words(at.vocab, 600, 1), next = words(at.vocab, 30, 2);
  ASSERT_TRUE(at.session->feed(std::span(prompt).first(300), {}).ok());
  const auto parent = runtime::save(at.session->parts(), std::span(prompt).first(300), nullptr);
  ASSERT_TRUE(parent.ok());
  ASSERT_TRUE(at.session->feed(std::span(prompt).subspan(300), {}).ok());
  const uint64_t alone = runtime::save_bytes(at.session->parts(), nullptr);
  EXPECT_LT(runtime::save_bytes(at.session->parts(), parent->get()), alone);
  const auto child = runtime::save(at.session->parts(), prompt, parent->get());
  ASSERT_TRUE(child.ok());
  EXPECT_EQ((*child)->blocks.front(), (*parent)->blocks.front());
  EXPECT_NE((*child)->blocks[1], (*parent)->blocks[1]);
  const Ending unbroken = end(at, next);
  at.session->reset();
  say(*at.session, words(at.vocab, 700, 9), 5);
  ASSERT_TRUE(runtime::restore(at.session->parts(), **child).ok());
  EXPECT_EQ(end(at, next), unbroken);
}

std::string name_of(const testing::TestParamInfo<Case>& c) { return c.param.name; }
INSTANTIATE_TEST_SUITE_P(Short, Snapshots, testing::Values(Case{"no_recurrent_layers", golden("qwen3_moe")}, Case{"next", golden("qwen3_next")}), name_of);
const auto kLong = testing::Values(Case{"demo", kDemo}, Case{"chunks", kDemo, "f32", 37, 512}, Case{"f16", kDemo, "f16"}, Case{"q8", kDemo, "q8", 64, 7},
                                   Case{"drafts", kDemo, "f32", 64, 64, "lookup"});
INSTANTIATE_TEST_SUITE_P(Long, Snapshots, kLong, name_of);
INSTANTIATE_TEST_SUITE_P(Long, LongSnapshots, kLong, name_of);

struct Talk {
  std::vector<std::vector<int32_t>> said;  // by request
  SchedulerStatus status;
  uint64_t budget = 0, planned = 0;
};

// Eight conversations of three turns in turn; every answer is part of the next prompt.
Talk talk(int64_t snapshot_bytes) {
  EngineOptions o;
  o.model = kDemo;
  o.threads = 2;
  o.context = 1024;
  o.snapshot_bytes = snapshot_bytes;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  const int32_t vocab = (*engine)->info().vocab;
  auto scheduler = std::move(Scheduler::start(std::move(engine).value(), {})).value();
  Talk out;
  std::vector<std::vector<int32_t>> talks(8);
  for (uint32_t turn = 0; turn < 3; ++turn) {
    for (uint32_t i = 0; i < talks.size(); ++i) {
      for (const int32_t word : words(vocab, 60 + turn, 3 + i + 100 * turn)) talks[i].push_back(word);
      std::promise<Result<Generation>> answer;
      Request request;
      request.prompt = talks[i];
      request.options.max_tokens = 6;
      request.options.ignore_eos = true;
      request.options.sampling = {.temperature = 0.8f, .repetition_penalty = 1.3f, .seed = i};  // the penalty sees the whole prompt
      EXPECT_TRUE(scheduler->submit(std::move(request), [&](Result<Generation> g) { answer.set_value(std::move(g)); }).ok());
      auto g = answer.get_future().get();
      EXPECT_TRUE(g.ok());
      out.said.push_back(g->tokens);
      talks[i].insert(talks[i].end(), g->tokens.begin(), g->tokens.end());
    }
  }
  out.status = scheduler->status();
  out.planned = scheduler->engine().memory().snapshots;
  return out;
}

TEST(ManyConversations, SayTheSameAndAreNotReadAgain) {
  const Talk with = talk(64 << 20), without = talk(0);
  EXPECT_EQ(with.said, without.said);
  EXPECT_EQ(without.status.reused_tokens, 0u);
  // Second and third turns: all but the newest words.
  EXPECT_GE(with.status.reused_tokens, 8u * (66 + 66 + 61 + 6));
  EXPECT_GE(with.status.snapshots_restored, 14u);
  EXPECT_LE(with.status.snapshot_bytes, uint64_t{64} << 20);
  EXPECT_EQ(with.planned, uint64_t{64} << 20);
}

TEST(ManyConversations, WithLittleMemorySayTheSame) {
  const Talk with = talk(3 << 20);
  EXPECT_EQ(with.said, talk(0).said);
  EXPECT_LE(with.status.snapshot_bytes, uint64_t{3} << 20);
}

}  // namespace
}  // namespace sluice

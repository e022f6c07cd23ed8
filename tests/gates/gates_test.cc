// Byte identity: nothing that is not named lossy may change a byte of the output. Each gate compares whole logits, bit
// for bit, and proves that the path it is about really ran (misses, evictions, several chunks, several threads).
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>

#include "io/backend.h"
#include "runtime/engine_parts.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";
constexpr int64_t kPromptTokens = 75;  // no multiple of any chunk below
constexpr int64_t kNewTokens = 40;

struct Setting {
  double slots = 1.0;     // share of all experts that fits; 0: the floor
  int32_t threads = 2;
  int32_t chunk = 32;     // fixed, so that the slots are what is left and nothing else
  int32_t experts = 0, activations = 16;
  std::string isa = {};
  std::string io = "auto", io_backend = {}, lookahead = "auto", policy = {};
  std::string routes = {}, record_routes = {};
};

struct Outcome {
  std::vector<float> logits;       // of every prompt position and every generated one
  std::vector<int32_t> tokens;
  Stats stats;
  MemoryPlan memory;
  runtime::ExpertCounters experts;
  io::Counters reads;
  std::string io;
};

EngineOptions options_for(const Setting& s) {
  EngineOptions o;
  o.model = kDemo;
  o.threads = s.threads;
  o.chunk = s.chunk;
  o.experts = s.experts;
  o.activations = s.activations;
  o.isa = s.isa;
  o.io = s.io;
  o.io_backend = s.io_backend;
  o.lookahead = s.lookahead;
  o.policy = s.policy;
  o.routes = s.routes;
  o.record_routes = s.record_routes;
  o.context = 512;
  return o;
}

// A budget that leaves room for exactly `share` of the experts; for 0, for those of one token: the floor.
uint64_t budget_for(const Setting& s) {
  const auto engine = Engine::open(options_for(s));
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  const MemoryPlan& m = (*engine)->memory();
  const ModelInfo& info = (*engine)->info();
  const Engine::Parts& p = (*engine)->parts();
  return m.total() - m.slots + runtime::plan_slots(p.plan, p.expert_files.alignment, info.top_k, s.slots).bytes;
}

std::vector<int32_t> prompt_ids(const Engine& engine) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "The fox and the old woman walked to the river. ";
  auto ids = engine.tokenizer()->encode(text, false);
  EXPECT_TRUE(ids.ok());
  ids->resize(static_cast<size_t>(kPromptTokens));
  return *ids;
}

// Greedy by hand, so that the logits of every step can be kept.
Outcome run(const Setting& s) {
  Outcome out;
  EngineOptions o = options_for(s);
  o.memory_bytes = budget_for(s);
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  auto session = (*engine)->new_session();
  EXPECT_TRUE(session.ok());
  const auto keep = [&](int64_t, std::span<const float> row) -> Status {
    out.logits.insert(out.logits.end(), row.begin(), row.end());
    return {};
  };
  const Status fed = (*session)->feed(prompt_ids(**engine), keep);
  EXPECT_TRUE(fed.ok()) << fed.error().message;
  const auto vocab = static_cast<size_t>((*engine)->info().vocab);
  for (int64_t i = 0; i < kNewTokens; ++i) {
    const std::span<const float> last = std::span(out.logits).last(vocab);
    const auto token = static_cast<int32_t>(std::max_element(last.begin(), last.end()) - last.begin());
    out.tokens.push_back(token);
    const Status next = (*session)->feed({&token, 1}, keep);
    EXPECT_TRUE(next.ok()) << next.error().message;
  }
  if (!s.record_routes.empty()) {
    EXPECT_TRUE((*engine)->parts().recorder->write().ok());
  }
  const runtime::ExpertCounters& c = (*engine)->parts().experts->counters();
  out.stats.hits = c.hits;
  out.stats.misses = c.misses;
  out.stats.bytes_read = c.bytes_read;
  out.memory = (*engine)->memory();
  out.experts = c;
  out.reads = (*engine)->parts().experts->queue().counters();
  out.io = (*engine)->parts().io_name;
  return out;
}

void expect_same_bytes(const Outcome& a, const Outcome& b) {
  ASSERT_EQ(a.logits.size(), b.logits.size());
  EXPECT_EQ(std::memcmp(a.logits.data(), b.logits.data(), a.logits.size() * sizeof(float)), 0);
  EXPECT_EQ(a.tokens, b.tokens);
}

int32_t all_experts(const Outcome& o, int32_t experts, int32_t layers) {
  EXPECT_LE(o.memory.slot_count, experts * layers);
  return experts * layers;
}

class Gate : public testing::Test {
 protected:
  static const Outcome& reference() {
    static const Outcome outcome = run({});
    return outcome;
  }
};

// Lossy by name, and exact in all else.
TEST_F(Gate, CoarseActivationsGiveTheSameBytesForEveryChunkThreadAndByteWiseSet) {
  const Outcome coarse = run({.activations = 8});
  EXPECT_NE(std::memcmp(coarse.logits.data(), reference().logits.data(), coarse.logits.size() * sizeof(float)), 0);
  expect_same_bytes(coarse, run({.slots = 0.25, .threads = 3, .chunk = 7, .activations = 8}));
  // The same floats in all but the products: one with coarse products of its own, one without.
  bool compared = false;
  for (const auto& [without, with] : {std::pair("avx2", "avx_vnni"), std::pair("avx512", "avx512_vnni")}) {
    if (!kernels::select(with).ok()) continue;
    compared = true;
    expect_same_bytes(run({.activations = 8, .isa = without}), run({.activations = 8, .isa = with}));
  }
  if (!compared) GTEST_SKIP() << "NOT TESTED: sets with and without products by bytes need AVX-VNNI or AVX-512 VNNI";
}

TEST_F(Gate, ReferenceIsFullyResidentAndNotVacuous) {
  const Outcome& r = reference();
  EXPECT_EQ(r.memory.slot_count, all_experts(r, 32, 8));
  EXPECT_GT(r.stats.hits, 0u);
  EXPECT_GT(r.stats.misses, 0u);  // cold start
  EXPECT_LE(r.stats.misses, 256u);  // nothing is read twice
  EXPECT_GT(r.logits[0], -1e30f);
}

// Runs at three cache sizes; the small ones must evict and read again.
TEST_F(Gate, CacheSizeChangesNoByte) {
  const Outcome& full = reference();
  for (double share : {0.0, 0.25, 0.6}) {
    SCOPED_TRACE(share);
    const Outcome small = run({.slots = share});
    EXPECT_LT(small.memory.slot_count, full.memory.slot_count);
    EXPECT_EQ(small.memory.slot_count, share == 0.6 ? 152 : 64);  // with 8 of 32 experts the floor is 25 %
    EXPECT_GT(small.stats.misses, full.stats.misses);
    EXPECT_GT(small.stats.hits, 0u);
    expect_same_bytes(full, small);
  }
}

TEST_F(Gate, CacheSizeChangesNoByteWithFewerExperts) {
  const Outcome full = run({.experts = 4});
  for (double share : {0.0, 0.25}) {  // the floor is 12.5 % here
    SCOPED_TRACE(share);
    const Outcome small = run({.slots = share, .experts = 4});
    EXPECT_EQ(small.memory.slot_count, share == 0.0 ? 32 : 64);
    EXPECT_GT(small.stats.misses, full.stats.misses);
    EXPECT_GT(small.stats.hits, 0u);
    expect_same_bytes(full, small);
  }
  // --experts is lossy: the override really took effect.
  EXPECT_NE(std::memcmp(full.logits.data(), reference().logits.data(), full.logits.size() * sizeof(float)), 0);
}

TEST_F(Gate, ThreadsChangeNoByte) {
  for (int32_t threads : {1, 3, 4}) {
    SCOPED_TRACE(threads);
    expect_same_bytes(reference(), run({.threads = threads}));
  }
}

TEST_F(Gate, ChunkingChangesNoByte) {
  for (int32_t chunk : {1, 2, 7, 16, 75, 200}) {
    SCOPED_TRACE(chunk);
    const Outcome chunked = run({.chunk = chunk});
    EXPECT_EQ(chunked.memory.chunk, chunk);
    expect_same_bytes(reference(), chunked);
  }
}

TEST_F(Gate, SmallCacheOneThreadAndOddChunksTogether) {
  const Outcome odd = run({.slots = 0.0, .threads = 1, .chunk = 5});
  EXPECT_GT(odd.stats.misses, reference().stats.misses);
  expect_same_bytes(reference(), odd);
}

// Direct past the page cache or through it, by rings or by threads. Direct reads land in slots at other places, with the
// file's neighbouring bytes around them.
TEST_F(Gate, TheWayOfReadingChangesNoByte) {
  bool direct_ran = false;
  for (const char* io : {"auto", "direct", "buffered"}) {
    for (const io::Backend& backend : io::backends()) {
      SCOPED_TRACE(std::string(io) + " " + std::string(backend.name));
      const Outcome other = run({.slots = 0.25, .io = io, .io_backend = std::string(backend.name)});
      EXPECT_EQ(other.reads.failures, 0u);
      EXPECT_GT(other.reads.bytes, 1u << 20);
      EXPECT_TRUE(io == std::string("auto") || other.io == io);
      EXPECT_EQ(other.reads.registered_reads > 0, backend.name == "uring" && io != std::string("buffered"));
      direct_ran = direct_ran || other.io == "direct";
      expect_same_bytes(reference(), other);
    }
  }
  EXPECT_TRUE(direct_ran) << "this file system has no direct reads: the gate compared buffered reads only";
}

TEST_F(Gate, LookingAheadChangesNoByte) {
  const Outcome off = run({.slots = 0.3, .lookahead = "off"});
  EXPECT_EQ(off.experts.speculative_reads, 0u);
  expect_same_bytes(reference(), off);
  for (const char* when : {"on", "auto"}) {
    SCOPED_TRACE(when);
    const Outcome on = run({.slots = 0.3, .lookahead = when});
    EXPECT_GT(on.experts.speculative_reads, 0u);
    EXPECT_GT(on.experts.foreseen, 0u);
    expect_same_bytes(reference(), on);
  }
}

TEST_F(Gate, NoPolicyChangesAByte) {
  std::set<uint64_t> misses;
  for (const cache::PolicyRow& policy : cache::policies()) {
    SCOPED_TRACE(policy.name);
    const Outcome other = run({.slots = 0.4, .lookahead = "off", .policy = std::string(policy.name)});
    EXPECT_GT(other.stats.misses, reference().stats.misses);
    misses.insert(other.stats.misses);
    expect_same_bytes(reference(), other);
  }
  EXPECT_GT(misses.size(), 1u);  // they did decide differently
}

// Sets may round differently, but not by more than rounding: the same greedy text and close logits.
// Sets round differently outside the integer products, and two experts' scores may lie closer together than that. So the
// logits are compared under one choice of experts, the default set's, and for most tokens under each set's own.
TEST_F(Gate, InstructionSetsAgree) {
  const std::string file = testing::TempDir() + "routes_of_the_default_set";
  ASSERT_TRUE((run({.record_routes = file}).logits == reference().logits));
  const size_t vocab = reference().logits.size() / static_cast<size_t>(kPromptTokens + kNewTokens);
  double scale = 0;
  for (float x : reference().logits) scale = std::max(scale, std::abs(static_cast<double>(x)));
  const auto tokens_apart = [&](const Outcome& other) {
    int64_t apart = 0;
    for (size_t at = 0; at < other.logits.size(); at += vocab) {
      double most = 0;
      for (size_t i = at; i < at + vocab; ++i) {
        most = std::max(most, std::abs(static_cast<double>(other.logits[i]) - reference().logits[i]));
      }
      apart += most > 1e-3 * scale ? 1 : 0;
    }
    return apart;
  };
  int compared = 0;
  for (const kernels::InstructionSet& set : kernels::instruction_sets()) {
    if (!set.supported()) continue;
    SCOPED_TRACE(set.name);
    const Outcome same_experts = run({.isa = std::string(set.name), .routes = file});
    ASSERT_EQ(same_experts.logits.size(), reference().logits.size());
    EXPECT_EQ(tokens_apart(same_experts), 0);
    EXPECT_EQ(same_experts.tokens, reference().tokens);
    EXPECT_LE(tokens_apart(run({.isa = std::string(set.name)})), (kPromptTokens + kNewTokens) / 10);
    ++compared;
  }
  EXPECT_GE(compared, 1);
}

// The last token of one call is taken in by the next: two halves make the whole.
TEST_F(Gate, GenerationGoesOnWhereItEnded) {
  auto engine = Engine::open(options_for({}));
  ASSERT_TRUE(engine.ok());
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  GenerateOptions half;
  half.max_tokens = 10;
  half.ignore_eos = true;
  half.sampling.repetition_penalty = 1.1f;  // applied in place to logits that must not be used twice
  const auto ids = prompt_ids(**engine);
  auto first = (*session)->generate(ids, half, {});
  EXPECT_EQ((*session)->position(), kPromptTokens + 10);
  GenerateOptions plain = half;
  plain.sampling.repetition_penalty = 1.0f;
  const auto second = (*session)->generate({}, plain, {});
  ASSERT_TRUE(first.ok() && second.ok());
  // The same by hand: prompt and first half in, then ten more.
  (*session)->reset();
  std::vector<int32_t> both = ids;
  both.insert(both.end(), first->tokens.begin(), first->tokens.end());
  const auto again = (*session)->generate(both, plain, {});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->tokens, second->tokens);
}

TEST_F(Gate, CancellingAPromptIsSeenInsideAChunk) {
  auto engine = Engine::open(options_for({.chunk = 200}));
  ASSERT_TRUE(engine.ok());
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  const std::atomic<bool> cancel{true};
  GenerateOptions o;
  o.cancel = &cancel;
  const auto cancelled = (*session)->generate(prompt_ids(**engine), o, {});
  ASSERT_TRUE(cancelled.ok());
  EXPECT_EQ(cancelled->finish, Finish::cancelled);
  EXPECT_EQ(cancelled->stats.prompt_tokens, 0);
  EXPECT_EQ((*engine)->parts().experts->counters().misses, 0u);  // not even the first layer ran
  (*session)->reset();
  EXPECT_TRUE((*session)->feed(prompt_ids(**engine), {}).ok());
}

TEST_F(Gate, AResetSessionStartsAfresh) {
  EngineOptions o = options_for({});
  auto engine = Engine::open(o);
  ASSERT_TRUE(engine.ok());
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  GenerateOptions greedy;
  greedy.max_tokens = 20;
  greedy.ignore_eos = true;
  const auto ids = prompt_ids(**engine);
  const auto first = (*session)->generate(ids, greedy, {});
  (*session)->reset();
  const auto second = (*session)->generate(ids, greedy, {});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->tokens, second->tokens);
}

}  // namespace
}  // namespace sluice

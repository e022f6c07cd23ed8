// Guessing ahead changes no byte: the same tokens with and without drafts, greedy and sampled, and the same logits
// afterwards; from GGUF and from safetensors, drafts from the prediction head and from the context. Every gate proves that
// drafts were accepted and that drafts were refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "runtime/engine_parts.h"
#include "support/head_model.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

using testing::HeadModel;

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";
constexpr int64_t kTokens = 120;

EngineOptions options_of(const std::string& model, const std::string& speculate, int32_t draft = 0) {
  EngineOptions o;
  o.model = model;
  o.threads = 2;
  o.chunk = 16;
  o.context = 512;
  o.speculate = speculate;
  o.draft = draft;
  return o;
}

struct Opened {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Session> session;
};

Opened open(const EngineOptions& o) {
  Opened out;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  out.engine = std::move(engine).value();
  out.session = std::move(out.engine->new_session()).value();
  return out;
}

GenerateOptions answer(float temperature, int64_t tokens = kTokens) {
  GenerateOptions o;
  o.max_tokens = tokens;
  o.ignore_eos = true;
  o.sampling.temperature = temperature;
  o.sampling.top_k = 20;
  o.sampling.seed = 7;
  return o;
}

Generation generate(Session& session, std::span<const int32_t> prompt, const GenerateOptions& o) {
  auto g = session.generate(prompt, o, {});
  EXPECT_TRUE(g.ok()) << g.error().message;
  return std::move(g).value();
}

std::vector<float> logits_of(Session& session, std::span<const int32_t> tokens) {
  std::vector<float> out;
  const Status fed = session.feed(tokens, [&](int64_t, std::span<const float> row) -> Status {
    out.insert(out.end(), row.begin(), row.end());
    return {};
  });
  EXPECT_TRUE(fed.ok());
  return out;
}

void expect_same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0);
}

constexpr float kScale = 0.35f;
const std::vector<int32_t> kTinyPrompt = {5, 17, 301, 44, 5, 17, 301, 44, 90, 12, 5, 17, 301};

// Makes the head a table of bigrams: what it guesses depends on the token it is given, and is `next` of it. The rest of the
// head is left in place, too faint to matter.
void make_bigram_head(HeadModel& m, const std::map<int32_t, int32_t>& next) {
  const auto h = static_cast<size_t>(m.at("mtp.fc.weight").shape[0]);
  for (const char* name : {"mtp.norm.weight", "mtp.pre_fc_norm_embedding.weight"}) std::fill(m.at(name).values.begin(), m.at(name).values.end(), 0.0f);
  for (const char* name : {"self_attn.o_proj.weight", "mlp.experts.down_proj", "mlp.shared_expert.down_proj.weight"}) {
    for (float& x : m.at(std::string("mtp.layers.0.") + name).values) x *= 0.01f;
  }
  const std::vector<float> embed = m.at("model.embed_tokens.weight").values, heads = m.at("lm_head.weight").values;
  std::vector<float>& fc = m.at("mtp.fc.weight").values;  // [h, 2 h]
  std::fill(fc.begin(), fc.end(), 0.0f);
  const auto unit = [&](const std::vector<float>& rows, int32_t id) {
    std::vector<float> v(rows.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(id) * h), rows.begin() + static_cast<std::ptrdiff_t>((static_cast<size_t>(id) + 1) * h));
    float squares = 0;
    for (float x : v) squares += x * x;
    for (float& x : v) x /= std::sqrt(squares / static_cast<float>(h));
    return v;
  };
  for (int sweep = 0; sweep < 200; ++sweep) {  // Kaczmarz: each equation in turn, fewer than unknowns
    for (const auto& [token, follower] : next) {
      const std::vector<float> e = unit(embed, token), want = unit(heads, follower);
      for (size_t r = 0; r < h; ++r) {
        float is = 0;
        for (size_t c = 0; c < h; ++c) is += fc[r * 2 * h + c] * e[c];
        for (size_t c = 0; c < h; ++c) fc[r * 2 * h + c] += (want[r] - is) * e[c] / static_cast<float>(h);
      }
    }
  }
}

// What follows each token in the model's own greedy text, for two thirds of the tokens.
std::map<int32_t, int32_t> bigrams(const std::string& model) {
  Opened plain = open(options_of(model, "off"));
  const Generation g = generate(*plain.session, kTinyPrompt, answer(0));
  std::map<int32_t, int32_t> out;
  for (size_t i = 0; i + 1 < g.tokens.size(); ++i) {
    if (g.tokens[i] % 3 != 0) out[g.tokens[i]] = g.tokens[i + 1];
  }
  return out;
}

// A tiny model whose head is right now and then, in both containers.
class Models {
 public:
  Models() {
    HeadModel model = HeadModel().add_random_head().make_repetitive(kScale);
    const testing::TempFolder trunk;
    make_bigram_head(model, bigrams(model.write_safetensors(trunk)));
    safetensors = model.write_safetensors(folder_);
    gguf = model.write_gguf(folder_);
  }
  std::string safetensors, gguf;

 private:
  testing::TempFolder folder_;
};

const Models& models() {
  static const Models all;
  return all;
}

class Speculation : public ::testing::TestWithParam<std::tuple<bool, std::string>> {
 protected:
  std::string model() const { return std::get<0>(GetParam()) ? models().gguf : models().safetensors; }
  std::string how() const { return std::get<1>(GetParam()); }
};

// The head has attention; the layers before it need not.
TEST(SpeculationOfAnotherShape, TheHeadAloneHasAttention) {
  const testing::TempFolder folder;
  const std::string model = HeadModel().add_random_head().cut(3).make_repetitive(kScale).write_safetensors(folder);
  Opened plain = open(options_of(model, "off")), drafting = open(options_of(model, "mtp", 2));
  EXPECT_EQ(plain.engine->info().layers, 3);
  const device::Workspace& w = drafting.engine->parts().device->workspace();
  EXPECT_GE(w.key - w.query, w.tokens * 4 * 32 * 2);  // heads, their dimension, gated
  const Generation want = generate(*plain.session, kTinyPrompt, answer(0)), got = generate(*drafting.session, kTinyPrompt, answer(0));
  EXPECT_EQ(got.tokens, want.tokens);
  EXPECT_GT(got.stats.drafted, 0);
}

TEST_P(Speculation, ChangesNoTokenAtAnyTemperatureAndDepth) {
  int64_t accepted = 0, refused = 0;
  for (const float temperature : {0.0f, 0.3f, 1.0f}) {
    Opened plain = open(options_of(model(), "off"));
    GenerateOptions o = answer(temperature, 2 * kTokens);
    const Generation want = generate(*plain.session, kTinyPrompt, o);
    EXPECT_EQ(want.stats.drafted, 0);
    EXPECT_EQ(want.stats.decode_passes, want.stats.decode_tokens);
    for (int32_t draft : {1, 2, 3}) {
      SCOPED_TRACE(::testing::Message() << how() << " temperature " << temperature << " draft " << draft);
      Opened other = open(options_of(model(), how(), draft));
      const Generation g = generate(*other.session, kTinyPrompt, o);
      EXPECT_EQ(g.tokens, want.tokens);
      EXPECT_EQ(other.session->position(), plain.session->position());
      EXPECT_EQ(g.stats.decode_tokens, want.stats.decode_tokens);
      EXPECT_EQ(g.stats.decode_passes + g.stats.draft_accepted, g.stats.decode_tokens);
      accepted += g.stats.draft_accepted;
      refused += g.stats.drafted - g.stats.draft_accepted;
    }
  }
  if (how() == "auto") return;  // what the gate lets through depends on the machine
  EXPECT_GT(accepted, 50);
  EXPECT_GT(refused, 50);
}

// An answer in pieces that end anywhere, drafts in hand; then a further prompt: the recurrent states must hold exactly what
// was taken in. Logits are compared bit for bit.
TEST_P(Speculation, StatesHoldWhatWasTakenInAndNothingElse) {
  Opened plain = open(options_of(model(), "off")), other = open(options_of(model(), how()));
  int64_t accepted = 0, refused = 0;
  for (const int64_t piece : {1, 2, 3, 5, 8, 13, 21, 34}) {
    const std::vector<int32_t> prompt = piece == 1 ? kTinyPrompt : piece % 2 == 1 ? std::vector<int32_t>{9, 17, 301} : std::vector<int32_t>{};
    const Generation want = generate(*plain.session, prompt, answer(0, piece)), got = generate(*other.session, prompt, answer(0, piece));
    ASSERT_EQ(got.tokens, want.tokens);
    accepted += got.stats.draft_accepted;
    refused += got.stats.drafted - got.stats.draft_accepted;
  }
  expect_same_bytes(logits_of(*plain.session, kTinyPrompt), logits_of(*other.session, kTinyPrompt));
  if (how() != "auto") {
    EXPECT_GT(accepted, 0);
    EXPECT_GT(refused, 0);
  }
  plain.session->reset();
  other.session->reset();
  const Generation want = generate(*plain.session, kTinyPrompt, answer(0)), got = generate(*other.session, kTinyPrompt, answer(0));
  EXPECT_EQ(got.tokens, want.tokens);
}

// Penalties look at what was generated before: tokens of drafts that were refused must not count.
TEST_P(Speculation, PenaltiesSeeOnlyWhatWasGenerated) {
  GenerateOptions o = answer(0.5f);
  o.sampling.repetition_penalty = 1.05f;
  o.sampling.presence_penalty = 0.1f;
  Opened plain = open(options_of(model(), "off")), other = open(options_of(model(), how()));
  const Generation want = generate(*plain.session, kTinyPrompt, o), got = generate(*other.session, kTinyPrompt, o);
  EXPECT_EQ(got.tokens, want.tokens);
  if (how() == "mtp") { EXPECT_GT(got.stats.drafted, 0); }  // lookup drafts only where the text repeats itself
}

TEST_P(Speculation, TheContextEndsWhereItEndsWithout) {
  EngineOptions off = options_of(model(), "off"), on = options_of(model(), how());
  off.context = on.context = 64;
  Opened plain = open(off), other = open(on);
  const Generation want = generate(*plain.session, kTinyPrompt, answer(0)), got = generate(*other.session, kTinyPrompt, answer(0));
  EXPECT_EQ(want.finish, Finish::context_full);
  EXPECT_EQ(got.finish, Finish::context_full);
  EXPECT_EQ(got.tokens, want.tokens);
  if (how() == "mtp") { EXPECT_GT(got.stats.drafted, 0); }  // lookup drafts only where the text repeats itself
}

// The floor: one token's experts, prompts token by token; drafts make the same pass want more experts than there are slots.
TEST_P(Speculation, SmallestCacheOneThreadNoChunks) {
  EngineOptions o = options_of(model(), how());
  o.chunk = o.threads = 1;
  o.memory_bytes = open(o).engine->memory().floor;
  Opened plain = open(options_of(model(), "off")), other = open(o);
  EXPECT_LT(other.engine->memory().slot_count, plain.engine->memory().slot_count);
  const Generation want = generate(*plain.session, kTinyPrompt, answer(0)), got = generate(*other.session, kTinyPrompt, answer(0));
  EXPECT_EQ(got.tokens, want.tokens);
  if (how() == "mtp") { EXPECT_GT(got.stats.draft_accepted, 0); }
  EXPECT_GT(got.stats.misses, want.stats.misses);
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<bool, std::string>>& p) {
  return std::get<1>(p.param) + (std::get<0>(p.param) ? "_gguf" : "_safetensors");
}

INSTANTIATE_TEST_SUITE_P(All, Speculation, ::testing::Combine(::testing::Bool(), ::testing::Values("mtp", "lookup", "auto")), name_of);

TEST(SpeculationDemo, LookupChangesNoToken) {
  std::optional<Generation> want;
  for (const char* how : {"off", "lookup", "auto"}) {
    SCOPED_TRACE(how);
    Opened o = open(options_of(kDemo, how));
    std::string text;
    for (int i = 0; i < 12; ++i) text += "The fox and the old woman walked to the river. ";
    const auto ids = o.engine->tokenizer()->encode(text, false);
    ASSERT_TRUE(ids.ok());
    Generation g = generate(*o.session, *ids, answer(0));
    if (!want) want = g;
    EXPECT_EQ(g.tokens, want->tokens);
    if (how == std::string("lookup")) {
      EXPECT_GT(g.stats.draft_accepted, 0);
      EXPECT_LT(g.stats.draft_accepted, g.stats.drafted);
    }
  }
}

// Softmax attention only, and projections that are stored in another way.
TEST(SpeculationFamilies, LookupChangesNoToken) {
  for (const char* family : {"qwen3_moe", "qwen3_next"}) {
    SCOPED_TRACE(family);
    const testing::TempFolder folder;
    const std::string model = HeadModel(family).make_repetitive(kScale).write_safetensors(folder);
    Opened plain = open(options_of(model, "off")), other = open(options_of(model, "lookup"));
    const Generation want = generate(*plain.session, kTinyPrompt, answer(0, 2 * kTokens)), got = generate(*other.session, kTinyPrompt, answer(0, 2 * kTokens));
    EXPECT_EQ(got.tokens, want.tokens);
    EXPECT_GT(got.stats.drafted, got.stats.draft_accepted);
    EXPECT_GT(got.stats.draft_accepted, 0);
    expect_same_bytes(logits_of(*plain.session, kTinyPrompt), logits_of(*other.session, kTinyPrompt));
  }
}

TEST(SpeculationDemo, WhatCannotBeHonouredIsRefused) {
  const auto no_head = Engine::open(options_of(kDemo, "mtp"));
  ASSERT_FALSE(no_head.ok());
  EXPECT_EQ(no_head.error().code, Code::unsupported);
  EXPECT_NE(no_head.error().message.find("has no prediction head"), std::string::npos);
  EXPECT_TRUE(Engine::open(options_of(kDemo, "auto")).ok());
  EngineOptions routes = options_of(kDemo, "lookup");
  routes.routes = "conversation";
  EXPECT_EQ(Engine::open(routes).error().code, Code::invalid);
  EXPECT_EQ(Engine::open(options_of(kDemo, "lookup", 4)).error().code, Code::invalid);
  EXPECT_EQ(Engine::open(options_of(kDemo, "sometimes")).error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice

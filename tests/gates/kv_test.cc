// Keys and values in f32, f16 and q8, over contexts of several attention blocks: neither threads nor chunks change a byte,
// the lossy formats really are smaller, really are what was read, and change the logits only a little.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "kernels/kernel_table.h"
#include "runtime/engine_parts.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

constexpr size_t kPromptTokens = 600;  // three blocks, the last one begun; no multiple of any chunk below
constexpr size_t kNewTokens = 20;
static_assert(kPromptTokens > 2 * kernels::kAttentionRows);

struct Outcome {
  std::vector<float> logits;  // of the prompt's last positions and of every new token
  double state_bytes = 0;     // planned
  double held_bytes = 0;      // mapped, in whole huge pages
  double kv_f32_bytes = 0;  // what f32 rows take
  size_t vocab = 0;
};

Outcome run(const std::string& kv, int32_t threads, int32_t chunk, const std::string& isa = "") {
  EngineOptions o;
  o.model = SLUICE_SOURCE_DIR "/models/demo.gguf";
  o.kv = kv;
  o.threads = threads;
  o.chunk = chunk;
  o.context = 1024;
  o.isa = isa;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  EXPECT_EQ((*engine)->info().kv, kv);
  auto session = (*engine)->new_session();
  EXPECT_TRUE(session.ok());
  std::string text;
  for (int i = 0; i < 100; ++i) text += "The fox and the old woman walked to the river " + std::to_string(i) + " times. ";
  auto ids = (*engine)->tokenizer()->encode(text, false);
  EXPECT_TRUE(ids.ok());
  ids->resize(kPromptTokens);
  Outcome out;
  const auto keep = [&](int64_t, std::span<const float> row) -> Status {
    out.logits.insert(out.logits.end(), row.begin(), row.end());
    return {};
  };
  const std::span<const int32_t> all(*ids);
  EXPECT_TRUE((*session)->feed(all.first(kPromptTokens - 1), {}).ok());
  EXPECT_TRUE((*session)->feed(all.last(1), keep).ok());
  const auto vocab = static_cast<size_t>((*engine)->info().vocab);
  for (size_t i = 0; i < kNewTokens; ++i) {
    const std::span<const float> last = std::span(out.logits).last(vocab);
    const auto token = static_cast<int32_t>(std::max_element(last.begin(), last.end()) - last.begin());
    EXPECT_TRUE((*session)->feed({&token, 1}, keep).ok());
  }
  out.state_bytes = static_cast<double>((*engine)->memory().state);
  const model::Plan& plan = (*engine)->parts().plan;
  out.kv_f32_bytes = 2.0 * 4 * plan.attention_layers * plan.kv_heads * plan.head_dim * static_cast<double>(o.context);
  const auto state = device::make_state(plan, o.context, kernels::kv_format(kv).value());
  EXPECT_TRUE(state.ok());
  out.held_bytes = static_cast<double>(state->memory.size());
  out.vocab = vocab;
  return out;
}

class Kv : public testing::TestWithParam<const char*> {
 protected:
  static const Outcome& reference(const std::string& kv) {
    static std::map<std::string, Outcome> outcomes;
    const auto [at, added] = outcomes.try_emplace(kv);
    if (added) at->second = run(kv, 2, 64);
    return at->second;
  }
  static bool same(const Outcome& a, const Outcome& b) {
    return a.logits.size() == b.logits.size() &&
           std::memcmp(a.logits.data(), b.logits.data(), a.logits.size() * sizeof(float)) == 0;
  }
};

TEST_P(Kv, ThreadsChangeNoByte) {
  for (const int32_t threads : {1, 4}) EXPECT_TRUE(same(reference(GetParam()), run(GetParam(), threads, 64))) << threads;
}

TEST_P(Kv, ChunksChangeNoByte) {
  for (const int32_t chunk : {1, 7, 600}) EXPECT_TRUE(same(reference(GetParam()), run(GetParam(), 2, chunk))) << chunk;
}

TEST_P(Kv, NeitherDoTheyWithThePlainKernels) {
  EXPECT_TRUE(same(run(GetParam(), 1, 32, "ref"), run(GetParam(), 2, 600, "ref")));
}

TEST_P(Kv, IsAsLargeAsPlannedAndNotVacuous) {
  const Outcome &mine = reference(GetParam()), &exact = reference("f32");
  EXPECT_GE(mine.held_bytes, mine.state_bytes);
  EXPECT_LT(mine.held_bytes, mine.state_bytes + 3e6);
  if (GetParam() == std::string("f32")) return;
  const double share = GetParam() == std::string("f16") ? 1.0 / 2 : 1.0 / 4 + 1.0 / 32;
  const double recurrent = exact.state_bytes - exact.kv_f32_bytes;
  EXPECT_NEAR(mine.state_bytes - recurrent, share * exact.kv_f32_bytes, 0.001 * exact.kv_f32_bytes);
  EXPECT_FALSE(same(mine, exact));
  double squares = 0, error = 0;
  // The first row only: the new tokens may differ.
  for (size_t i = 0; i < exact.vocab; ++i) {
    squares += double{exact.logits[i]} * double{exact.logits[i]};
    error += std::pow(double{exact.logits[i]} - double{mine.logits[i]}, 2);
  }
  EXPECT_LT(std::sqrt(error / squares), GetParam() == std::string("f16") ? 0.01 : 0.05);
}

INSTANTIATE_TEST_SUITE_P(All, Kv, testing::Values("f32", "f16", "q8"), [](const auto& kv) { return std::string(kv.param); });

}  // namespace
}  // namespace sluice

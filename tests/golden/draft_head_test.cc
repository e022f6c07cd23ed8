// The multi-token prediction head against a numpy reference of its own (data/make_mtp_golden.py): logits of every row, and
// the drafts that DraftHead makes behind them, from safetensors and from GGUF.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/draft_head.h"
#include "runtime/engine_parts.h"
#include "runtime/pass.h"
#include "support/head_model.h"

namespace sluice {
namespace {

using testing::HeadModel;

std::vector<float> golden_floats(const std::string& file, const std::string& name) {
  const auto files = store::open_model(HeadModel::golden() + file);
  EXPECT_TRUE(files.ok());
  return store::load_vector(*files, *files->find(name)).value();
}

std::vector<int32_t> golden_ids(const std::string& file, const std::string& name) {
  const auto files = store::open_model(HeadModel::golden() + file);
  EXPECT_TRUE(files.ok());
  const store::Tensor* t = files->find(name);
  std::vector<int64_t> wide(static_cast<size_t>(t->elements()));
  EXPECT_TRUE(files->files[0].read(t->data.offset, std::as_writable_bytes(std::span(wide))).ok());
  return {wide.begin(), wide.end()};
}

class DraftHeadTest : public ::testing::TestWithParam<std::tuple<bool, int32_t>> {
 protected:
  void SetUp() override {
    const HeadModel model = HeadModel().add_random_head();
    EngineOptions o;
    o.model = std::get<0>(GetParam()) ? model.write_gguf(folder_) : model.write_safetensors(folder_);
    o.threads = 2;
    o.context = 256;
    o.chunk = std::get<1>(GetParam());
    o.speculate = "mtp";
    auto opened = Engine::open(o);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    engine_ = std::move(opened).value();
    ids_ = golden_ids("seed100/qwen3_5_moe/golden.safetensors", "input_ids");
  }

  testing::TempFolder folder_;
  std::unique_ptr<Engine> engine_;
  std::vector<int32_t> ids_;
};

TEST_P(DraftHeadTest, RowsEqualTheReference) {
  Engine::Parts& e = engine_->parts();
  ASSERT_EQ(e.plan.draft_layers, 1);
  const auto want = golden_floats("mtp_seed100/golden.safetensors", "draft_logits");
  const auto vocab = static_cast<size_t>(e.plan.vocab), hidden = static_cast<size_t>(e.plan.hidden);
  auto trunk = device::make_state(e.plan, 256, kernels::KvFormat::f32);
  auto head = device::make_state(e.plan, 256, kernels::KvFormat::f32);
  ASSERT_TRUE(trunk.ok() && head.ok());
  std::vector<float> logits(vocab), states(hidden);
  float most = 0;
  for (size_t t = 0; t + 1 < ids_.size(); ++t) {
    const device::Part of_trunk{&*trunk, 0, 1}, of_head{&*head, 0, 1};
    const device::Chunk token{.tokens = std::span(ids_).subspan(t, 1), .parts = {&of_trunk, 1}, .port = e.experts.get(), .first_logits = 1, .logits = nullptr};
    ASSERT_TRUE(runtime::run_chunk({.plan = e.plan, .device = *e.device}, token).ok());
    std::copy_n(e.device->workspace().normed, hidden, states.begin());
    const device::Chunk row{.tokens = std::span(ids_).subspan(t + 1, 1), .parts = {&of_head, 1}, .port = e.experts.get(), .first_logits = 0,
                            .logits = logits.data(), .hidden = states.data()};
    ASSERT_TRUE(runtime::run_chunk({.plan = e.plan, .device = *e.device, .draft_head = true}, row).ok());
    for (size_t i = 0; i < vocab; ++i) most = std::max(most, std::abs(logits[i] - want[t * vocab + i]));
  }
  EXPECT_LE(most, 2e-4f);
}

// Prompt in chunks of any size, then three drafts, each from the one before it.
TEST_P(DraftHeadTest, DraftsEqualTheReference) {
  Engine::Parts& e = engine_->parts();
  auto state = device::make_state(e.plan, 256, kernels::KvFormat::f32, true);
  ASSERT_TRUE(state.ok());
  Session::Parts session{e, std::move(state).value(), std::vector<float>(static_cast<size_t>(e.plan.vocab))};
  runtime::DraftHead head(session);
  const size_t chunk = static_cast<size_t>(std::get<1>(GetParam()));
  for (size_t at = 0; at + 1 < ids_.size();) {
    const size_t count = std::min(chunk, ids_.size() - 1 - at);
    const runtime::Pass pass{.tokens = std::span(ids_).subspan(at, count), .prompt = count > 1, .first_logits = static_cast<int64_t>(count)};
    const auto so_far = std::span(ids_).first(at + count);
    ASSERT_TRUE(head.before(pass, so_far).ok());
    ASSERT_TRUE(runtime::run_pass(session, pass).ok());
    ASSERT_TRUE(head.behind(pass, so_far).ok());
    at += count;
  }
  std::vector<int32_t> drafts(3);
  for (int again = 0; again < 2; ++again) {
    const auto count = head.guess(ids_, drafts);
    ASSERT_TRUE(count.ok()) << count.error().message;
    if (again == 0) EXPECT_EQ(*count, 3);
    else EXPECT_EQ(*count, 0);  // no state is left that no guess was made from
    EXPECT_EQ(drafts, golden_ids("mtp_seed100/golden.safetensors", "draft_ids"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, DraftHeadTest, ::testing::Combine(::testing::Bool(), ::testing::Values(1, 2, 7, 47, 64)),
                         [](const auto& p) {
                           return std::string(std::get<0>(p.param) ? "gguf" : "safetensors") + "_chunk" + std::to_string(std::get<1>(p.param));
                         });

}  // namespace
}  // namespace sluice

// The demo model answers its held-out questions. docs/lab/2026-11-23-demo-accuracy.md has the full figures.
#include <gtest/gtest.h>

#include <map>

#include "eval/perplexity.h"
#include "eval/tasks.h"

namespace sluice::eval {
namespace {

const std::string kModels = SLUICE_SOURCE_DIR "/models/";

class DemoModel : public ::testing::Test {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.model = kModels + "demo.gguf";
    options.threads = 2;
    auto opened = Engine::open(options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    engine_ = std::move(opened).value();
    auto session = engine_->new_session();
    ASSERT_TRUE(session.ok()) << session.error().message;
    session_ = std::move(session).value();
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

TEST_F(DemoModel, AnswersItsTasks) {
  auto items = read_items(kModels + "demo-eval/eval.jsonl");
  ASSERT_TRUE(items.ok()) << items.error().message;
  ASSERT_EQ(items->size(), 380u);
  const auto chosen =
      choose_items(std::move(items).value(), {.limit = 6, .only = {"tool_call", "json", "capital", "reasoning"}});
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  std::string answers;
  const auto scores = run_tasks(*engine_, *session_, chosen.value(), {.max_tokens = 160}, [&](const Answer& answer, int64_t, int64_t) {
    answers += (answer.right ? "right " : "WRONG ") + answer.item->task + ": " + answer.text + "\n";
  });
  ASSERT_TRUE(scores.ok()) << scores.error().message;
  const std::map<std::string, int64_t> least = {{"tool_call", 5}, {"json", 6}, {"capital", 5}, {"reasoning", 5}};
  ASSERT_EQ(scores.value().size(), least.size());
  for (const TaskScore& score : scores.value()) {
    EXPECT_EQ(score.total, 6) << score.task;
    EXPECT_GE(score.right, least.at(score.task)) << score.task << "\n" << answers;
  }
}

// The first 8 of 149 blocks; all of them together give 1.24501, as they do elsewhere in float32.
TEST_F(DemoModel, PredictsHeldOutText) {
  const auto text = read_whole_file(kModels + "demo-eval/heldout.txt");
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto measured = measure_perplexity(*engine_, *session_, text.value(), {.block = 512, .blocks = 8}, {});
  ASSERT_TRUE(measured.ok()) << measured.error().message;
  EXPECT_EQ(measured->tokens, 76689);
  EXPECT_EQ(measured->blocks, 8);
  EXPECT_EQ(measured->scored, 8 * 255);
  EXPECT_NEAR(measured->value(), 1.21896, 0.01 * 1.21896);
}

}  // namespace
}  // namespace sluice::eval

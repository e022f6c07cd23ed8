#include "runtime/limit.h"

#include <gtest/gtest.h>

#include "store/model_files.h"

namespace sluice::runtime {
namespace {

TEST(Limit, IsTheSlowerOfDriveAndMemory) {
  const Moved moved{.experts = 600e6, .read = 200e6, .trunk = 1000e6, .state = 200e6};
  EXPECT_DOUBLE_EQ(*limit_tok_s(moved, {2, 40}), 10.0);   // 0.2 GB at 2 GB/s; memory 0.05 s
  EXPECT_DOUBLE_EQ(*limit_tok_s(moved, {100, 20}), 10.0);  // 2 GB at 20 GB/s
  EXPECT_FALSE(limit_tok_s(moved, {0, 20}));
  EXPECT_FALSE(limit_tok_s(moved, {2, 0}));
}

// The demo, by hand: what a token reads of the trunk is all of it but the embedding's other rows.
TEST(Limit, TrunkOfTheDemo) {
  const auto files = store::open_model(SLUICE_SOURCE_DIR "/models/demo.gguf");
  ASSERT_TRUE(files.ok());
  const auto plan = model::compile(*files, {});
  ASSERT_TRUE(plan.ok());
  const TokenBytes bytes = token_bytes(*plan, kernels::KvFormat::f32);
  double sum = 0;
  for (model::MatrixId id = 0; id < static_cast<model::MatrixId>(plan->matrices.size()); ++id) sum += matrix_bytes(*plan, id);
  EXPECT_LE(bytes.trunk, sum + 1e6);
  EXPECT_GT(bytes.trunk, 0.5 * sum);
  EXPECT_GT(bytes.recurrent, 2.0 * plan->v_heads * plan->dk * plan->dv * plan->recurrent_layers * 4);
  EXPECT_DOUBLE_EQ(bytes.kv_row, 2.0 * plan->kv_heads * plan->head_dim * plan->attention_layers * 4);
  EXPECT_DOUBLE_EQ(token_bytes(*plan, kernels::KvFormat::f16).kv_row, bytes.kv_row / 2);
}

}  // namespace
}  // namespace sluice::runtime

#include "cache/routes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::cache {
namespace {

const std::string kHead =
    "# route_trace v1\n# model=/m.gguf arch=a n_layer=2 n_expert=4 n_expert_used=2\n"
    "turn,phase,step,layer,slot,expert,weight,residency,expert_bytes\n";

std::string problem(const Result<RouteTrace>& trace) {
  return trace.ok() ? "none" : trace.error().message;
}

void expect_same(const RouteTrace& a, const RouteTrace& b) {
  ASSERT_EQ(a.shape(), b.shape());
  ASSERT_EQ(a.tokens(), b.tokens());
  for (size_t token = 0; token < a.tokens(); ++token) {
    EXPECT_EQ(a.turn(token), b.turn(token));
    EXPECT_EQ(a.phase(token), b.phase(token));
    for (int32_t layer = 0; layer < a.shape().layers; ++layer) {
      const auto x = a.experts(token, layer), y = b.experts(token, layer);
      EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end()));
    }
  }
}

TEST(Routes, TheCsvIsReadInAnyOrderOfItsRows) {
  const auto trace = read_routes(kHead +
                                 "0,1,1,1,1,2,0.1,0,0\r\n0,1,1,1,0,3,0.9,0,0\n0,1,1,0,0,1\n0,1,1,0,1,0\n\n# end\n"
                                 "0,0,0,0,0,2,1,1,1\n0,0,0,0,1,1,1,1,1");
  ASSERT_TRUE(trace.ok()) << problem(trace);
  EXPECT_EQ(trace->shape(), (RouteShape{2, 4, 2}));
  ASSERT_EQ(trace->tokens(), 2u);
  EXPECT_EQ(trace->phase(0), RoutePhase::prompt);
  EXPECT_EQ(trace->experts(0, 0)[1], 1);
  EXPECT_TRUE(trace->experts(0, 1).empty());  // not run
  EXPECT_EQ(trace->experts(1, 1)[0], 3);
}

TEST(Routes, ABadCsvIsRefusedWithItsLine) {
  const auto row = [](const std::string& text) { return problem(read_routes(kHead + text)); };
  EXPECT_EQ(row("0,1,0,0,0"), "line 4: fewer than six columns");
  EXPECT_EQ(row("0,1,0,0,0,x"), "line 4: not a number");
  EXPECT_EQ(row("0,1,0,0,0,-1"), "line 4: not a number");
  EXPECT_EQ(row("0,1,0,0,99999999999,1"), "line 4: not a number");
  EXPECT_EQ(row("0,2,0,0,0,1"), "line 4: turn or phase out of range");
  EXPECT_EQ(row("70000,1,0,0,0,1"), "line 4: turn or phase out of range");
  EXPECT_EQ(row("0,1,0,2,0,1"), "line 4: layer, slot or expert out of range");
  EXPECT_EQ(row("0,1,0,0,2,1"), "line 4: layer, slot or expert out of range");
  EXPECT_EQ(row("0,1,0,0,0,4"), "line 4: layer, slot or expert out of range");
  EXPECT_EQ(row("0,1,0,0,0,1\n0,1,0,0,0,2"), "line 5: the same turn, step, layer and slot twice");
  EXPECT_EQ(row("0,1,0,0,0,1\n0,0,0,0,1,2"), "line 5: a step in both phases");
  EXPECT_EQ(row("0,1,0,0,0,1"), "token 0 layer 0: experts are missing, twice or too large");
  EXPECT_EQ(row("0,1,0,0,0,1\n0,1,0,0,1,1"), "token 0 layer 0: experts are missing, twice or too large");
}

TEST(Routes, ABadHeadIsRefused) {
  const std::string columns = "turn,phase,step,layer,slot,expert\n";
  EXPECT_NE(problem(read_routes("")).find("not a route trace"), std::string::npos);
  EXPECT_NE(problem(read_routes("GGUF....")).find("not a route trace"), std::string::npos);
  EXPECT_EQ(problem(read_routes(columns)), "no comment names n_layer, n_expert and n_expert_used");
  EXPECT_EQ(problem(read_routes("# n_layer=5000 n_expert=8 n_expert_used=2\n" + columns)),
            "layers is 5000, not within 1..4096");
  EXPECT_EQ(problem(read_routes("# n_layer=5 n_expert=99999999999 n_expert_used=2\n" + columns)),
            "experts is 999999999, not within 1..65535");
  EXPECT_EQ(problem(read_routes("# n_layer=5 n_expert=8 n_expert_used=9\n" + columns)),
            "experts a token is 9, not within 1..8");
  EXPECT_EQ(problem(read_routes("# n_layer=5 n_expert=8\n" + columns)), "experts a token is -1, not within 1..8");
}

// Rows of 18 bytes that each ask for a token of 8 MB end in an error before they end in the memory.
TEST(Routes, AFewBytesCannotAskForMuchMemory) {
  std::string text = "# n_layer=4096 n_expert=65535 n_expert_used=1024\n" + kHead.substr(kHead.find("turn"));
  for (int step = 0; step < 40; ++step) text += "0,1," + std::to_string(step) + ",0,0,1\n";
  EXPECT_EQ(problem(read_routes(text)), "line 19: the trace is too long");
}

TEST(Routes, OurFormHoldsTheTrace) {
  RouteTrace trace({2, 65535, 2});
  ASSERT_TRUE(trace.append(0, RoutePhase::prompt, std::array<uint16_t, 4>{5, 65534, kNoExpert, kNoExpert}).ok());
  ASSERT_TRUE(trace.append(65535, RoutePhase::decode, std::array<uint16_t, 4>{1, 2, 3, 4}).ok());
  const std::string bytes = write_routes(trace);
  EXPECT_EQ(bytes.size(), 24u + 2 * 12);
  EXPECT_EQ(bytes.substr(0, 16), std::string("SLROUTES\1\0\0\0\2\0\0\0", 16));
  const auto again = read_routes(bytes);
  ASSERT_TRUE(again.ok()) << problem(again);
  expect_same(trace, *again);
}

TEST(Routes, ABadFileOfOurFormIsRefused) {
  RouteTrace trace({2, 4, 2});
  ASSERT_TRUE(trace.append(0, RoutePhase::decode, std::array<uint16_t, 4>{1, 2, 3, 0}).ok());
  const std::string good = write_routes(trace);
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_EQ(read_routes(good.substr(0, cut)).ok(), cut == 24) << cut;
  }
  const auto with = [&](size_t at, char byte) {
    std::string bad = good;
    bad[at] = byte;
    return problem(read_routes(bad));
  };
  EXPECT_EQ(with(8, 2), "version 2 of route files, this program reads 1");
  EXPECT_EQ(with(15, 1), "a size in the header is too large");
  EXPECT_EQ(with(12, 0), "layers is 0, not within 1..4096");
  EXPECT_EQ(with(26, 2), "phase 2 is neither prompt nor decode");
  EXPECT_EQ(with(30, 1), "token 0 layer 0: experts are missing, twice or too large");
  EXPECT_EQ(with(34, 9), "token 0 layer 1: experts are missing, twice or too large");
}

TEST(Routes, AppendChecksItsCaller) {
  RouteTrace trace({1, 4, 2});
  EXPECT_FALSE(trace.append(-1, RoutePhase::decode, std::array<uint16_t, 2>{1, 2}).ok());
  EXPECT_FALSE(trace.append(0, RoutePhase::decode, std::array<uint16_t, 3>{1, 2, 3}).ok());
  EXPECT_FALSE(trace.append(0, RoutePhase::decode, std::array<uint16_t, 2>{1, kNoExpert}).ok());
  EXPECT_EQ(trace.tokens(), 0u);
}

}  // namespace
}  // namespace sluice::cache

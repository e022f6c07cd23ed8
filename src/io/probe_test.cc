#include "io/probe.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "io/backend.h"
#include "io/probe_walk.h"
#include "io/scratch_file.h"
#include "io/test_file.h"

namespace sluice::io {
namespace {

TEST(ProbeWalk, NoPlaceTwiceInAPassAndAllOfThemInRandomOrder) {
  ProbeWalk walk(10'000'000, 1 << 20, 1);
  walk.begin_cell(1 << 16);
  std::set<uint64_t> seen;
  bool ascending = true;
  uint64_t last = 0;
  for (int i = 0; i < 9 * 16; ++i) {
    const uint64_t place = walk.next();
    EXPECT_EQ(place % (1 << 16), 0u);
    EXPECT_LE(place + (1 << 16), 10'000'000u);
    EXPECT_TRUE(seen.insert(place).second);
    ascending = ascending && place >= last;
    last = place;
  }
  EXPECT_FALSE(ascending);
  EXPECT_EQ(walk.passes(), 1u);
  walk.next();
  EXPECT_EQ(walk.passes(), 2u);
}

TEST(ProbeWalk, CellsShareNoPlace) {
  ProbeWalk walk(100 << 20, 1 << 20, 1);
  std::set<uint64_t> blocks;
  for (int cell = 0; cell < 5; ++cell) {
    walk.begin_cell(1 << 20);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(blocks.insert(walk.next()).second);
  }
  EXPECT_EQ(walk.passes(), 1u);
}

TEST(Probe, EveryBackendOnASmallFile) {
  const TestFile file(3'000'001);
  for (const Backend& backend : backends()) {
    if (!backend.make({}).ok()) continue;
    const auto probe = probe_file(file.path(), {.backend = std::string(backend.name),
                                                .sizes = {64 << 10, 1 << 20, 1 << 30},
                                                .depths = {1, 4},
                                                .seconds = 0.02});
    ASSERT_TRUE(probe.ok()) << probe.error().message;
    EXPECT_EQ(probe->backend, backend.name);
    EXPECT_EQ(probe->file_bytes, 3'000'001u);
    EXPECT_GT(probe->passes, 0u);
    EXPECT_EQ(probe->cells.size(), probe->alignment > 0 ? 8u : 4u) << "what is larger than the file is left out";
    for (const ProbeCell& cell : probe->cells) {
      EXPECT_GT(cell.gb_s(), 0.0001);
      EXPECT_LT(cell.gb_s(), 1000);
      EXPECT_GT(cell.mean_ms, 0);
      EXPECT_LE(cell.mean_ms, cell.p99_ms * 100 + 1);
      EXPECT_EQ(cell.bytes % cell.size, 0u);
    }
    ASSERT_NE(probe->knee(Mode::buffered), nullptr);
    EXPECT_EQ(probe->knee(Mode::direct) == nullptr, probe->alignment == 0);
  }
}

TEST(Probe, Refusals) {
  const TestFile file(1000);
  EXPECT_EQ(probe_file("/nowhere", {}).error().code, Code::not_found);
  EXPECT_EQ(probe_file(file.path(), {}).error().code, Code::invalid);
  EXPECT_EQ(probe_file(file.path(), {.sizes = {512}, .go_on = [](size_t, size_t) { return false; }}).error().code,
            Code::cancelled);
  EXPECT_EQ(probe_file(file.path(), {.backend = "floppy", .sizes = {512}}).error().code, Code::invalid);
}

TEST(Probe, TheKneeIsTheCheapestThatIsNearlyBest) {
  Probe probe;
  const auto add = [&](uint64_t size, int32_t depth, uint64_t bytes) {
    probe.cells.push_back({.mode = Mode::direct, .size = size, .depth = depth, .bytes = bytes, .seconds = 1});
  };
  add(1 << 20, 1, 1'000'000'000);
  add(1 << 20, 4, 1'950'000'000);
  add(1 << 20, 8, 2'000'000'000);
  EXPECT_EQ(probe.knee(Mode::direct)->depth, 4);
  EXPECT_EQ(probe.knee(Mode::buffered), nullptr);
}

TEST(ScratchFile, IsMadeAndRemoved) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  std::string path;
  {
    const auto file = ScratchFile::create(folder, 5'000'001);
    ASSERT_TRUE(file.ok()) << file.error().message;
    path = file->path();
    EXPECT_EQ(std::filesystem::file_size(path), 5'000'001u);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(ScratchFile::create(folder, uint64_t{1} << 60).error().code, Code::over_budget);
  EXPECT_EQ(ScratchFile::create("/nowhere/at/all", 100).error().code, Code::io);
  EXPECT_EQ(ScratchFile::create(folder, 100, [](uint64_t) { return false; }).error().code, Code::cancelled);
}

}  // namespace
}  // namespace sluice::io

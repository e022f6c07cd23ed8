// A pack holds what the model held, comes out the same however often it was stopped, and says which record is bad.
#include "store/pack.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "store/experts.h"
#include "store/load.h"
#include "store/pack_journal.h"
#include "support/open_model_error.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using sluice::testing::open_model_error;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr int64_t kExperts = 5, kLayers = 3, kWidth = 8, kHidden = 64;

std::string noise(int64_t bytes, uint32_t seed) {
  std::string out(static_cast<size_t>(bytes), '\0');
  for (char& c : out) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24 & 0x3f);  // no NaN as BF16
  return out;
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::map<std::string, std::string> folder_bytes(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    out[entry.path().filename().string()] = bytes_of(entry.path().string());
  }
  return out;
}

void flip(const std::string& path, int64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(offset);
  file.put(byte);
}

// An MLX model: stacks of experts in 4 bits with scales and biases, and a trunk in BF16.
class Pack : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(source_ / "model");
    SafetensorsWriter w;
    uint32_t seed = 1;
    const auto stack = [&](const std::string& name, int64_t rows, int64_t cols) {
      w.tensor(name + ".weight", "U32", {kExperts, rows, cols / 8}, noise(kExperts * rows * cols / 2, ++seed));
      for (const char* side : {".scales", ".biases"}) {
        w.tensor(name + side, "BF16", {kExperts, rows, cols / 32}, noise(kExperts * rows * cols / 16, ++seed));
      }
    };
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      stack(fmt::format("l{}.gate", layer), kWidth, kHidden);
      stack(fmt::format("l{}.up", layer), kWidth, kHidden);
      w.tensor(fmt::format("l{}.norm", layer), "BF16", {kHidden + layer}, noise(2 * (kHidden + layer), ++seed));
      stack(fmt::format("l{}.down", layer), kHidden, 32);
    }
    w.tensor("ids", "I64", {3}, noise(24, ++seed)).write(source_ / "model/model.safetensors");
    source_.file("model/config.json", R"({"model_type":"t","quantization":{"group_size":32,"bits":4}})");
    source_.file("model/tokenizer.json", "{}");
    auto model = open_model(source_ / "model");
    ASSERT_TRUE(model.ok()) << model.error().message;
    model_ = std::move(*model);
  }

  PackPlan plan(std::string_view layout = "record") {
    std::vector<std::vector<Extent>> extents(kLayers);
    std::vector<PackLayer> layers;
    for (int32_t layer = 0; layer < kLayers; ++layer) {
      for (int64_t e = 0; e < kExperts; ++e) {
        for (const char* name : {"gate", "up", "down"}) {
          const auto part = slice_expert(*model_.find(fmt::format("l{}.{}.weight", layer, name)), e);
          EXPECT_TRUE(part.ok());
          for (const Extent& extent : {part->data, part->scales, part->biases}) extents[layer].push_back(extent);
        }
      }
      layers.push_back({layer + 10, 9, extents[layer]});
    }
    auto out = plan_pack(model_, layers, layout);
    EXPECT_TRUE(out.ok()) << out.error().message;
    return std::move(out).value();
  }

  Status write(const std::string& out, std::string_view layout = "record", const PackWatch& watch = {}) {
    auto written = write_pack(model_, plan(layout), out, watch);
    if (!written.ok()) return written.error();
    resumed_ = written->resumed;
    return {};
  }
  std::string write_error(const std::string& out, std::string_view layout = "record") {
    const Status status = write(out, layout);
    EXPECT_FALSE(status.ok()) << out;
    return status.ok() ? "" : status.error().message;
  }

  // A pack that was stopped when the trunk and the first layer were done. Needs the finished one in "whole".
  void write_half(const std::string& out) {
    const std::atomic<bool> cancel = true;
    const Status status = write(out, "record", {{}, &cancel});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::cancelled);
    EXPECT_THAT(status.error().message, HasSubstr("the same command goes on from here"));
    EXPECT_THAT(open_model_error(out), HasSubstr("pack not finished: run sluice pack again"));
    const auto index = read_pack_index(dir_ / "whole");
    ASSERT_TRUE(index.ok()) << index.error().message;
    auto journal = PackJournal::open(out);
    ASSERT_TRUE(journal.ok());
    for (size_t f = 0; f < 2; ++f) {
      const PackFile& file = index->files[f];
      fs::copy_file((dir_ / "whole/") + file.name, out + "/" + file.name, fs::copy_options::overwrite_existing);
      ASSERT_TRUE(journal->append(file.sums).ok());
    }
  }

  TempFolder source_, dir_;
  ModelFiles model_;
  uint64_t resumed_ = 0;
};

TEST_F(Pack, HoldsTheSameTensors) {
  for (const auto& layout : pack_layouts()) {
    SCOPED_TRACE(layout.name);
    const std::string out = dir_ / layout.name;
    ASSERT_TRUE(write(out, layout.name).ok());
    const auto packed = open_model(out);
    ASSERT_TRUE(packed.ok()) << packed.error().message;
    EXPECT_TRUE(packed->packed);
    EXPECT_EQ(packed->container, Container::safetensors);
    EXPECT_EQ(packed->mlx, model_.mlx);
    EXPECT_EQ(packed->metadata.all(), model_.metadata.all());
    EXPECT_EQ(packed->files.size(), layout.one_file ? 2u : 1u + kLayers);
    EXPECT_EQ(bytes_of(out + "/tokenizer.json"), "{}");
    ASSERT_EQ(packed->tensors.size(), model_.tensors.size());
    for (size_t i = 0; i < model_.tensors.size(); ++i) {
      const Tensor &a = model_.tensors[i], &b = packed->tensors[i];
      EXPECT_EQ(a.name, b.name);
      EXPECT_EQ(a.shape, b.shape);
      EXPECT_EQ(a.format_name, b.format_name);
      EXPECT_EQ(a.format_known, b.format_known);
      if (!a.format_known) continue;
      EXPECT_EQ(*load_vector(model_, a), *load_vector(*packed, b)) << a.name;
      for (int64_t e = 0; a.shape.size() == 3 && e < kExperts; ++e) {
        EXPECT_EQ(*load_vector(model_, *slice_expert(a, e)), *load_vector(*packed, *slice_expert(b, e))) << a.name;
      }
    }
  }
}

TEST_F(Pack, AnExpertIsOneAlignedRecord) {
  ASSERT_TRUE(write(dir_ / "p").ok());
  const auto packed = open_model(dir_ / "p");
  ASSERT_TRUE(packed.ok());
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    uint64_t last = 0;
    for (int64_t e = 0; e < kExperts; ++e) {
      int32_t file = -1;
      uint64_t begin = 0, end = 0;
      for (const char* name : {"gate", "up", "down"}) {
        const auto part = slice_expert(*packed->find(fmt::format("l{}.{}.weight", layer, name)), e);
        ASSERT_TRUE(part.ok());
        for (const Extent& extent : {part->data, part->scales, part->biases}) {
          if (file < 0) file = extent.file, begin = end = extent.offset;
          EXPECT_EQ(extent.file, file);
          EXPECT_EQ(extent.stride, 0u);
          EXPECT_EQ((extent.offset - begin) % kPartAlignment, 0u);
          EXPECT_GE(extent.offset, end);
          EXPECT_LT(extent.offset - end, kPartAlignment);
          end = extent.offset + extent.bytes;
        }
      }
      EXPECT_EQ(begin % kRecordAlignment, 0u);
      EXPECT_TRUE(e == 0 || begin >= last) << "records in expert order";
      last = end;
      EXPECT_EQ(packed->files[static_cast<size_t>(file)].size() % kRecordAlignment, 0u);
    }
  }
}

TEST_F(Pack, StoppedAndResumedIsTheSame) {
  ASSERT_TRUE(write(dir_ / "whole").ok());
  EXPECT_EQ(resumed_, 0u);
  write_half(dir_ / "p");
  EXPECT_EQ(fs::file_size(dir_ / "p/pack.journal"), 8u * (1 + kExperts));
  dir_.file("p/pack.index.1.partial", "left by a kill");
  ASSERT_TRUE(write(dir_ / "p").ok());
  EXPECT_EQ(resumed_, fs::file_size(dir_ / "p/trunk.bin") + fs::file_size(dir_ / "p/layer-010.bin"));
  EXPECT_EQ(folder_bytes(dir_ / "p"), folder_bytes(dir_ / "whole"));
  ASSERT_TRUE(write(dir_ / "p").ok()) << "a finished pack is left as it is";
  EXPECT_EQ(folder_bytes(dir_ / "p"), folder_bytes(dir_ / "whole"));
}

TEST_F(Pack, WhatIsClaimedDoneIsChecked) {
  ASSERT_TRUE(write(dir_ / "whole").ok());
  write_half(dir_ / "p");
  flip(dir_ / "p/trunk.bin", 7);
  ASSERT_TRUE(write(dir_ / "p").ok());
  EXPECT_EQ(resumed_, 0u) << "the first piece was bad";
  EXPECT_EQ(folder_bytes(dir_ / "p"), folder_bytes(dir_ / "whole"));
  fs::remove_all(dir_ / "p");
  write_half(dir_ / "p");
  flip(dir_ / "p/layer-010.bin", 7);
  ASSERT_TRUE(write(dir_ / "p").ok());
  EXPECT_EQ(resumed_, fs::file_size(dir_ / "p/trunk.bin"));
  EXPECT_EQ(folder_bytes(dir_ / "p"), folder_bytes(dir_ / "whole"));
  // A journal torn in a number, and one that claims more than there is.
  for (const size_t bytes : {3u, 4000u}) {
    fs::remove_all(dir_ / "p");
    write_half(dir_ / "p");
    dir_.file("p/pack.journal", std::string(bytes, '\7'));
    ASSERT_TRUE(write(dir_ / "p").ok());
    EXPECT_EQ(folder_bytes(dir_ / "p"), folder_bytes(dir_ / "whole"));
  }
}

TEST_F(Pack, FoldersThatWillNotDo) {
  EXPECT_THAT(write_error(source_ / "model"), HasSubstr("the model itself is there"));
  ASSERT_TRUE(write(dir_ / "whole").ok());
  fs::create_directory(dir_ / "foreign");
  dir_.file("foreign/a", "x");
  EXPECT_THAT(write_error(dir_ / "foreign"), HasSubstr("no pack in it (a)"));
  EXPECT_THAT(write_error(dir_.file("b", "x")), HasSubstr("no folder"));
  write_half(dir_ / "half");
  EXPECT_THAT(write_error(dir_ / "half", "single"), HasSubstr("unfinished pack of another model"));
  const auto journal = PackJournal::open(dir_ / "half");
  ASSERT_TRUE(journal.ok());
  EXPECT_THAT(write_error(dir_ / "half"), HasSubstr("another sluice pack is writing"));
  EXPECT_THAT(write_error(dir_ / "whole", "single"), HasSubstr("pack of another model"));
  EXPECT_THAT(plan_pack(*open_model(dir_ / "whole"), {}, "record").error().message, HasSubstr("a pack already"));
  EXPECT_THAT(plan_pack(model_, {}, "zip").error().message, HasSubstr("these are: record, single"));
}

TEST_F(Pack, ExpertsThatAreNoSlices) {
  const Extent odd[] = {{0, model_.find("l0.gate.weight")->data.offset + 1, 8}};
  const PackLayer layer{0, 1, odd};
  EXPECT_THAT(plan_pack(model_, {&layer, 1}, "record").error().message, HasSubstr("no slices of its tensors"));
}

TEST_F(Pack, VerifyNamesTheFirstBadRecord) {
  ASSERT_TRUE(write(dir_ / "p").ok());
  const auto verify = [&]() -> std::string {
    const auto read = verify_pack(dir_ / "p", {});
    return read.ok() ? "good" : read.error().message;
  };
  EXPECT_EQ(verify(), "good");
  const auto index = read_pack_index(dir_ / "p");
  ASSERT_TRUE(index.ok());
  const auto record = static_cast<int64_t>(index->files[2].sections[0].piece);
  for (const int64_t at : {3 * record + 5, 4 * record - 1}) {  // in the weights, and in the padding behind them
    flip(dir_ / "p/layer-011.bin", at);
    flip(dir_ / "p/layer-012.bin", 0);
    EXPECT_THAT(verify(), HasSubstr(fmt::format("layer-011.bin: layer 11 expert 3: the {} bytes at offset {}", record,
                                                3 * record)));
    flip(dir_ / "p/layer-011.bin", at);
    EXPECT_THAT(verify(), HasSubstr("layer 12 expert 0"));
    flip(dir_ / "p/layer-012.bin", 0);
  }
  for (const auto& [name, says] :
       {std::pair{"trunk.bin", "the trunk"}, {"tokenizer.json", "tokenizer.json"}, {"pack.index", "checksum"}}) {
    const int64_t at = std::string(name) == "pack.index" ? 100 : 0;
    flip(fmt::format("{}/{}", dir_ / "p", name), at);
    EXPECT_THAT(verify(), HasSubstr(says));
    flip(fmt::format("{}/{}", dir_ / "p", name), at);
  }
  EXPECT_EQ(verify(), "good");
  fs::resize_file(dir_ / "p/layer-012.bin", 4096);
  EXPECT_THAT(open_model_error(dir_ / "p"), HasSubstr("layer-012.bin has 4096 bytes"));
  fs::remove(dir_ / "p/layer-012.bin");
  EXPECT_THAT(open_model_error(dir_ / "p"), HasSubstr("layer-012.bin"));
}

}  // namespace
}  // namespace sluice::store

// Every GGML format against ggml's own decoding of the same bytes (tests/data/quant): bit for bit.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "quant/format.h"

namespace sluice::quant {
namespace {

struct Vectors {
  nlohmann::json header;
  std::string buffer;

  std::string bytes(const std::string& name) const {
    const auto& range = header.at(name).at("data_offsets");
    const auto begin = range[0].get<size_t>();
    return buffer.substr(begin, range[1].get<size_t>() - begin);
  }
};

Vectors load_vectors() {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/data/quant/vectors.safetensors", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  uint64_t length = 0;
  if (all.size() < sizeof length) return {};
  std::memcpy(&length, all.data(), sizeof length);
  return {nlohmann::json::parse(all.substr(8, length)), all.substr(8 + length)};
}

// The formats ggml does not have, or that decode by a copy: format_test.cc has hand-made vectors for them.
const std::set<std::string_view> kWithoutVectors = {"F32", "FP8", "MLX2", "MLX3", "MLX4", "MLX5", "MLX6", "MLX8"};

class VectorsTest : public testing::TestWithParam<FormatId> {};

TEST_P(VectorsTest, DecodesBitForBit) {
  const Format& f = format(GetParam());
  const Vectors vectors = load_vectors();
  const std::string name(f.name);
  ASSERT_TRUE(vectors.header.contains(name + ".bytes")) << "tests/data/quant has no vectors for " << name;
  const auto shape = vectors.header.at(name + ".f32").at("shape");
  const std::string expected = vectors.bytes(name + ".f32");
  const std::string packed = vectors.bytes(name + ".bytes");
  Matrix m{.format = f.id, .rows = shape[0], .cols = shape[1]};
  ASSERT_EQ(packed.size(), static_cast<size_t>(m.rows * row_bytes(f.id, m.cols)));
  const std::string shifted = "x" + packed;  // blocks at odd addresses must decode alike
  std::vector<float> row(static_cast<size_t>(m.cols));
  for (const std::string* bytes : {&packed, &shifted}) {
    m.data = reinterpret_cast<const std::byte*>(bytes->data() + (bytes->size() - packed.size()));
    for (int64_t r = 0; r < m.rows; ++r) {
      f.decode_row(m, r, row.data());
      for (int64_t c = 0; c < m.cols; ++c) {
        uint32_t want = 0;
        std::memcpy(&want, expected.data() + 4 * (r * m.cols + c), 4);
        ASSERT_EQ(std::bit_cast<uint32_t>(row[static_cast<size_t>(c)]), want)
            << name << " row " << r << " column " << c << ": " << row[static_cast<size_t>(c)] << " for "
            << std::bit_cast<float>(want);
      }
    }
  }
}

std::vector<FormatId> formats_with_vectors() {
  std::vector<FormatId> ids;
  for (const Format& f : formats())
    if (!kWithoutVectors.contains(f.name)) ids.push_back(f.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Formats, VectorsTest, testing::ValuesIn(formats_with_vectors()),
                         [](const auto& row) { return std::string(format(row.param).name); });

TEST(VectorsTest, EveryVectorIsOfAFormatWeKnowOrLeaveOut) {
  const std::set<std::string> left_out = {"TQ1_0", "TQ2_0"};  // ternary: no model of the families we run uses them
  const Vectors vectors = load_vectors();
  int known = 0;
  for (const auto& [key, value] : vectors.header.items()) {
    if (!key.ends_with(".bytes")) continue;
    const std::string name = key.substr(0, key.size() - 6);
    known += format_by_name(name) != nullptr;
    EXPECT_TRUE(format_by_name(name) != nullptr || left_out.contains(name)) << name;
  }
  EXPECT_EQ(known, kFormatCount - static_cast<int>(kWithoutVectors.size()));
}

}  // namespace
}  // namespace sluice::quant

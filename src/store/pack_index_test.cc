// Indexes that must be refused: everything in one comes from outside.
#include "store/pack_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using ::testing::HasSubstr;

// A trunk of one piece, and two experts of one layer: a stack of [2, 1, 2048] F32 with a record of 8192 bytes each.
constexpr std::string_view kBody =
    R"({"layout":"record","container":"gguf","mlx":false,"sources":[["m.gguf",99,-5]],)"
    R"("copies":[["gguf-metadata",24,"00000000000000ff"]],"files":[)"
    R"({"name":"trunk.bin","bytes":4096,"sections":[[-1,4096,4096]],"sums":"0000000000000001"},)"
    R"({"name":"layer-000.bin","bytes":16384,"sections":[[0,16384,8192]],"sums":"0000000000000002000000000000000f"}],)"
    R"("tensors":[{"name":"e","type":"F32","shape":[2,1,2048],"format":"F32","data":[1,0,16384,8192]},)"
    R"({"name":"odd","type":"I64","shape":[2],"data":[0,128,16]},)"
    R"({"name":"t","type":"F32","shape":[32],"format":"F32","data":[0,0,128]}]})";

std::string changed(std::string_view from, std::string_view to) {
  std::string body(kBody);
  const size_t at = body.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return body.replace(at, from.size(), to);
}

TEST(PackIndex, ReadsWhatItWrites) {
  const auto index = parse_index_body(kBody, "x");
  ASSERT_TRUE(index.ok()) << index.error().message;
  EXPECT_EQ(index->files[1].sums, (std::vector<uint64_t>{2, 15}));
  EXPECT_EQ(index->tensors[0].data.stride, 8192u);
  EXPECT_FALSE(index->tensors[1].format_known);
  EXPECT_EQ(index_text(*index), index_head(std::string(kBody) + "\n") + std::string(kBody) + "\n");
  EXPECT_TRUE(parse_index(index_text(*index), "x").ok());
  const auto pieces = pack_pieces(*index);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[2].offset, 8192u);
  EXPECT_EQ(pieces[2].number, 1u);
}

TEST(PackIndex, FirstLine) {
  const std::string good = index_text(*parse_index_body(kBody, "x"));
  EXPECT_THAT(parse_index("", "x").error().message, HasSubstr("not the index of a pack"));
  EXPECT_THAT(parse_index("GGUF\n", "x").error().message, HasSubstr("not the index of a pack"));
  EXPECT_THAT(parse_index(good.substr(0, 20), "x").error().message, HasSubstr("not the index of a pack"));
  EXPECT_THAT(parse_index("sluice pack 2 00\n{}", "x").error().message, HasSubstr("version 2"));
  EXPECT_THAT(parse_index(good.substr(0, good.size() - 1), "x").error().message, HasSubstr("checksum"));
  EXPECT_THAT(parse_index(good + " ", "x").error().message, HasSubstr("checksum"));
}

TEST(PackIndex, EveryFaultIsRefused) {
  const std::tuple<std::string_view, std::string_view, std::string_view> faults[] = {
      {R"("gguf","mlx")", R"("zip","mlx")", "container"},
      {"false", "0", "mlx"},
      {R"(["m.gguf",99,-5])", R"(["m.gguf",99])", "a source"},
      {R"("gguf-metadata")", R"("../x")", "plain file name"},
      {R"("trunk.bin")", R"("pack.index")", "plain file name"},
      {R"("trunk.bin")", R"("layer-000.bin")", "twice"},
      {R"("trunk.bin")", R"("gguf-metadata")", "twice"},
      {R"("trunk.bin","bytes":4096)", R"("trunk.bin","bytes":8192)", "not the whole file"},
      {"[-1,4096,4096]", "[-2,4096,4096]", "layer"},
      {"[-1,4096,4096]", "[-1,4096,8192]", "piece"},
      {"[-1,4096,4096]", "[-1,4096,0]", "piece"},
      {"[-1,4096,4096]", "[-1,8192,4096]", "size"},
      {"[0,16384,8192]", "[0,16384,100]", "not aligned"},
      {"[0,16384,8192]", "[0,16384,16384]", "checksums"},
      {"000000000000000f", "", "checksums"},
      {"000000000000000f", "000000000000000g", "checksum"},
      {R"(,"sums":"0000000000000001")", R"(,"sums":"")", "no checksums"},
      {"[2,1,2048]", "[2,1,2047]", "do not have the size"},
      {"[2,1,2048]", "[2,1,-1]", "dimension"},
      {R"("shape":[32],"format":"F32","data":[0,0,128])", R"("shape":[0,32],"format":"F32","data":[0,0,0])", "holds nothing"},
      {"[2,1,2048]", "[2,9223372036854775807,2048]", "too many elements"},
      {"[2,1,2048]", "[2,2048]", "stride"},
      {"[2,1,2048]", "[0,1,2048]", "stride"},
      {"[2,1,2048]", "[1,1,1,1,1,1,1,2,2048]", "shape"},
      {"[1,0,16384,8192]", "[1,0,16384,8191]", "stride"},
      {"[1,0,16384,8192]", "[1,0,16384,8193]", "outside"},
      {"[1,0,16384,8192]", "[1,1,16384,8192]", "outside"},
      {"[1,0,16384,8192]", "[1,9223372036854775807,16384,8192]", "outside"},
      {"[1,0,16384,8192]", "[1,0,16384,9223372036854775807]", "outside"},
      {"[1,0,16384,8192]", "[2,0,16384,8192]", "outside"},
      {"[1,0,16384,8192]", "[-1,0,16384,8192]", "place"},
      {"[0,128,16]", "[0,4081,16]", "outside"},
      {"[0,128,16]", "[0,0,4096]", "overlap"},
      {R"("format":"F32","data":[0)", R"("format":"F33","data":[0)", "unknown format"},
      {R"("format":"F32","data":[0)", R"("format":"MLX4","data":[0)", "do not have the size"},
      {R"("name":"t")", R"("name":"e")", "twice"},
      {R"("name":"t")", R"("name":"")", "empty"},
      {R"("name":"t")", R"("scale_type":"f8","name":"t")", "scale_type"},
      {R"("name":"t")", R"("scale_type":"f16","group":0,"name":"t")", "group"},
      {"tensors", "tensor", "tensors"},
  };
  for (const auto& [from, to, says] : faults) {
    const auto index = parse_index_body(changed(from, to), "x");
    ASSERT_FALSE(index.ok()) << from << " " << to;
    EXPECT_EQ(index.error().code, Code::corrupt) << to;
    EXPECT_THAT(index.error().message, HasSubstr(says)) << to;
    EXPECT_THAT(index.error().message, ::testing::StartsWith("x: ")) << to;
  }
}

}  // namespace
}  // namespace sluice::store

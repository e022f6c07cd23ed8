// Models that must not run: every error is one line that names the file and the place, and nothing wrong comes out.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/engine_parts.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";

// A folder of its own that goes away with the test.
class BadModel : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("sluice-bad-" + std::to_string(::getpid()) + "-" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string copy_demo() const {
    fs::copy_file(kDemo, path("demo.gguf"), fs::copy_options::overwrite_existing);
    fs::permissions(path("demo.gguf"), fs::perms::owner_all);
    return path("demo.gguf");
  }
  static std::string error_of(const EngineOptions& o) {
    const auto engine = Engine::open(o);
    if (engine.ok()) return "it opened";
    EXPECT_EQ(engine.error().message.find('\n'), std::string::npos);
    return engine.error().message;
  }
  static EngineOptions small(const std::string& model) {
    EngineOptions o;
    o.model = model;
    o.context = 256;
    o.threads = 1;
    return o;
  }
  static std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Overwrites the bytes of `from` wherever they stand, without changing the length.
  static void replace_in(const std::string& file, const std::string& from, const std::string& to) {
    std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
    std::string head(1 << 20, '\0');
    f.read(head.data(), static_cast<std::streamsize>(head.size()));
    f.clear();
    size_t found = 0;
    for (size_t at = head.find(from); at != std::string::npos; at = head.find(from, at + 1), ++found) {
      f.seekp(static_cast<std::streamoff>(at));
      f.write(to.data(), static_cast<std::streamsize>(to.size()));
    }
    ASSERT_GT(found, 0u) << from;
  }
  fs::path folder_;
};

TEST_F(BadModel, UnknownArchitectureNamesThoseThatWork) {
  const std::string file = copy_demo();
  replace_in(file, "qwen35moe", "qwen99moe");
  const std::string error = error_of(small(file));
  EXPECT_NE(error.find("\"qwen99moe\" is not supported"), std::string::npos) << error;
  for (const char* name : {"qwen35moe", "qwen3next", "qwen3moe"}) EXPECT_NE(error.find(name), std::string::npos) << error;
}

TEST_F(BadModel, MissingTensorIsNamed) {
  const std::string file = copy_demo();
  replace_in(file, "blk.3.attn_q.weight", "blk.3.attn_x.weight");
  const std::string error = error_of(small(file));
  EXPECT_NE(error.find("blk.3.attn_q.weight"), std::string::npos) << error;
  EXPECT_NE(error.find("missing"), std::string::npos) << error;
}

TEST_F(BadModel, ATensorThatWouldChangeTheResultIsNotIgnored) {
  const std::string file = copy_demo();
  replace_in(file, "blk.3.attn_k_norm.weight", "blk.3.attn_output.biasXX");  // as long; now a needed tensor is missing
  EXPECT_NE(error_of(small(file)).find("blk.3.attn_k_norm.weight is missing"), std::string::npos);
  const fs::path golden = fs::path(SLUICE_SOURCE_DIR) / "tests/golden/data/seed100/qwen3_moe";
  fs::copy(golden, folder_, fs::copy_options::recursive);
  fs::remove(file);
  // A bias that nobody asks for: the tensor of a layer that the configuration no longer has is given its name.
  std::string config = text_of(golden / "config.json");
  config.replace(config.find("\"num_hidden_layers\": 3"), 22, "\"num_hidden_layers\": 2");
  std::ofstream(folder_ / "config.json") << config;
  replace_in(path("model.safetensors"), "model.layers.2.self_attn.k_norm.weight", "model.layers.1.self_attn.k_projxx.bias");
  EXPECT_NE(error_of(small(folder_.string())).find("changes the result and does not work yet"), std::string::npos);
}

TEST_F(BadModel, MissingExpertTensorIsNamed) {
  const std::string file = copy_demo();
  replace_in(file, "blk.5.ffn_down_exps.weight", "blk.5.ffn_dowm_exps.weight");
  const std::string error = error_of(small(file));
  EXPECT_NE(error.find("blk.5.ffn_down_exps.weight"), std::string::npos) << error;
}

TEST_F(BadModel, WrongShapeNamesTheTensorAndBothShapes) {
  const std::string file = copy_demo();
  // Two tensors swap names, and with them shapes.
  replace_in(file, "blk.3.attn_k.weight", "blk.3.attn_#.weight");
  replace_in(file, "blk.3.attn_q.weight", "blk.3.attn_k.weight");
  replace_in(file, "blk.3.attn_#.weight", "blk.3.attn_q.weight");
  const std::string error = error_of(small(file));
  EXPECT_NE(error.find("blk.3.attn_q.weight: shape [128, 256], but the configuration asks for [512, 256]"), std::string::npos)
      << error;
}

// What the tokenizer calls a token must have a row: masks, samplers and the embedding are as long as the rows.
TEST_F(BadModel, MoreTokensThanRowsAreRefused) {
  const std::string file = copy_demo();
  const auto entry = [](std::string out, uint64_t rows) {
    for (const auto& [value, bytes] : {std::pair<uint64_t, size_t>{2, 4}, {256, 8}, {rows, 8}}) {
      out.append(reinterpret_cast<const char*>(&value), bytes);
    }
    return out;
  };
  const auto rows = static_cast<uint64_t>(inspect(small(file))->vocab);
  for (const char* table : {"token_embd.weight", "output.weight"}) replace_in(file, entry(table, rows), entry(table, 64));
  const std::string error = error_of(small(file));
  EXPECT_NE(error.find("and the embedding 64 rows; they are not of one model"), std::string::npos) << error;
}

TEST_F(BadModel, BelowTheFloorIsRefusedWithTheNumbers) {
  EngineOptions o = small(kDemo);
  const auto info = inspect(o);
  ASSERT_TRUE(info.ok());
  o.memory_bytes = info->floor_bytes - 1;
  const std::string error = error_of(o);
  EXPECT_NE(error.find("needs at least"), std::string::npos) << error;
  EXPECT_NE(error.find(std::to_string(info->floor_bytes) + " bytes"), std::string::npos) << error;
  o.memory_bytes = info->floor_bytes;
  EXPECT_TRUE(Engine::open(o).ok());
}

TEST_F(BadModel, OptionsOutOfRangeAreRefused) {
  EngineOptions o = small(kDemo);
  o.experts = 33;
  EXPECT_NE(error_of(o).find("--experts 33"), std::string::npos);
  o = small(kDemo);
  o.context = 1 << 30;
  EXPECT_NE(error_of(o).find("--ctx"), std::string::npos);
  o = small(kDemo);
  o.io = "sideways";
  EXPECT_NE(error_of(o).find("--io sideways"), std::string::npos);
  o = small(kDemo);
  o.policy = "oracle";
  EXPECT_NE(error_of(o).find("--policy oracle: must be one of fading"), std::string::npos);
  o = small(kDemo);
  o.io_backend = "floppy";
  EXPECT_NE(error_of(o).find("floppy"), std::string::npos);
  o = small(kDemo);
  o.routes = "nowhere";
  EXPECT_NE(error_of(o).find("--routes nowhere: neither a file nor one of conversation"), std::string::npos);
  o = small(kDemo);
  o.isa = "mmx";
  EXPECT_NE(error_of(o).find("avx2"), std::string::npos);
}

TEST_F(BadModel, TokensOutOfRangeAndTooManyAreRefused) {
  auto engine = Engine::open(small(kDemo));
  ASSERT_TRUE(engine.ok());
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  const int32_t bad[] = {1, 2, 4096};
  const Status range = (*session)->feed(bad, {});
  ASSERT_FALSE(range.ok());
  EXPECT_NE(range.error().message.find("token 4096 at position 2"), std::string::npos) << range.error().message;
  const std::vector<int32_t> many(257, 1);
  const Status room = (*session)->feed(many, {});
  ASSERT_FALSE(room.ok());
  EXPECT_NE(room.error().message.find("raise --ctx"), std::string::npos) << room.error().message;
  EXPECT_EQ((*session)->position(), 0);
  EXPECT_FALSE((*engine)->new_session().ok());
}

// Settings that would change the result and that we do not run are refused, never ignored.
TEST_F(BadModel, SettingsThatAreNotRunAreRefused) {
  const struct {
    const char* from;
    const char* to;
    const char* says;
  } kCases[] = {
      {"\"attention_bias\": false", "\"attention_bias\": true", "attention_bias does not work yet"},
      {"\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act \"gelu\"; only silu works"},
      {"\"linear_attention\",", "\"sliding_attention\",", "layer_types[0] \"sliding_attention\""},
      {"\"rope_type\": \"default\"", "\"rope_type\": \"yarn\", \"factor\": 4.0, \"attention_factor\": 1.0", "attention_factor does not work"},
      {"\"rope_type\": \"default\"", "\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": -5", "original context must be positive"},
      {"\"rope_type\": \"default\"", "\"rope_type\": \"llama3\"", "rope type \"llama3\""},
      {"\"vocab_size\": 320", "\"quantization_config\": {\"quant_method\": \"gptq\"}", "quant_method \"gptq\" is not supported"},
      {"\"linear_num_value_heads\": 4", "\"linear_num_value_heads\": 16777216", "linear attention is too wide"},
      {"\"num_hidden_layers\": 4", "\"num_hidden_layers\": 9999", "layer_types: 4 entries for 9999 layers"},
      {"\"head_dim\": 32", "\"head_dim\": 0", "head dimension must be 1 to 4096"},
  };
  const fs::path golden = fs::path(SLUICE_SOURCE_DIR) / "tests/golden/data/seed100/qwen3_next";
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.to);
    fs::copy(golden, folder_, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    std::string config = text_of(golden / "config.json");
    const size_t at = config.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    config.replace(at, std::string(c.from).size(), c.to);
    std::ofstream(folder_ / "config.json") << config;
    const std::string error = error_of(small(folder_.string()));
    EXPECT_NE(error.find(c.says), std::string::npos) << error;
  }
}

// A template we cannot read costs chat, not the model.
TEST_F(BadModel, ABrokenTemplateLeavesTheModelUsable) {
  const std::string file = copy_demo();
  replace_in(file, "{%- endmacro %}", "{%- endmacrx %}");
  auto engine = Engine::open(small(file));
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  EXPECT_EQ((*engine)->chat_template(), nullptr);
  EXPECT_NE((*engine)->chat_template_error().find("chat template"), std::string::npos);
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  const int32_t ids[] = {1, 2, 3};
  EXPECT_TRUE((*session)->feed(ids, {}).ok());
}

// The file loses its tail while the model runs: an error that names layer, expert and offset, never wrong text.
TEST_F(BadModel, FileShrinkingWhileRunningIsAnError) {
  const std::string file = copy_demo();
  EngineOptions o = small(file);
  const auto info = inspect(o);
  ASSERT_TRUE(info.ok());
  o.memory_bytes = info->floor_bytes;
  auto engine = Engine::open(o);
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  fs::resize_file(file, 2 << 20);
  std::vector<int32_t> ids(40);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 37 % 4000);
  const Status fed = (*session)->feed(ids, {});
  ASSERT_FALSE(fed.ok());
  EXPECT_EQ(fed.error().code, Code::io);
  for (const char* word : {"layer ", "expert ", "extent ", "offset ", "short read"}) {
    EXPECT_NE(fed.error().message.find(word), std::string::npos) << fed.error().message;
  }
  // The session is not usable any more and says so; the engine survives, and runs again once the file is whole.
  const Status again = (*session)->feed(ids, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/synth_metadata.h"

namespace sluice::store {
namespace {

enum TokenType : int64_t { normal = 1, control = 3, user_defined = 4, unused = 5 };

constexpr size_t kMostWords = 8192;
constexpr size_t kWordLetters = 26;

struct SpecialToken {
  std::string_view text;
  bool control = true;
};
constexpr SpecialToken kSpecial[] = {
    {"<|endoftext|>"},
    {"<|im_start|>"},
    {"<|im_end|>"},
    {"<|object_ref_start|>"},
    {"<|object_ref_end|>"},
    {"<|box_start|>"},
    {"<|box_end|>"},
    {"<|quad_start|>"},
    {"<|quad_end|>"},
    {"<|vision_start|>"},
    {"<|vision_end|>"},
    {"<|vision_pad|>"},
    {"<|image_pad|>"},
    {"<|video_pad|>"},
    {"<tool_call>", false},
    {"</tool_call>", false},
    {"<|fim_prefix|>"},
    {"<|fim_middle|>"},
    {"<|fim_suffix|>"},
    {"<|fim_pad|>"},
    {"<|repo_name|>"},
    {"<|file_sep|>"},
    {"<tool_response>", false},
    {"</tool_response>", false},
    {"<think>", false},
    {"</think>", false},
};
constexpr int64_t kEndOfText = 0, kEndOfTurn = 2;

constexpr std::string_view kTemplate =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

std::string utf8(uint32_t code) {  // below 0x800
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
}

// The 256 bytes in the byte-level spelling: those with a printable form first, the others as code points from 256.
std::vector<std::string> byte_tokens() {
  std::vector<std::string> printable, others;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool shown = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    if (shown) {
      printable.push_back(utf8(byte));
    } else {
      others.push_back(utf8(256 + static_cast<uint32_t>(others.size())));
    }
  }
  printable.insert(printable.end(), others.begin(), others.end());
  return printable;
}

// Words grow by merges: "a" "b", then a space before them, then two of two letters.
class Words {
 public:
  explicit Words(size_t most) : most_(most) {
    const std::string space = utf8(0x120);  // the byte-level spelling of a space
    std::vector<std::string> twos;
    for (size_t i = 0; i < kWordLetters * kWordLetters; ++i) {
      const std::string first(1, static_cast<char>('a' + i / kWordLetters));
      const std::string second(1, static_cast<char>('a' + i % kWordLetters));
      merge(first, second);
      twos.push_back(first + second);
    }
    for (const std::string& two : twos) merge(space, two);
    for (size_t i = 0; i < twos.size() * twos.size() && words.size() < most_; ++i) {
      merge(twos[i * 7 % twos.size()], twos[i / twos.size() * 11 % twos.size()]);
    }
  }

  std::vector<std::string> words, merges;

 private:
  void merge(const std::string& left, const std::string& right) {
    if (words.size() >= most_) return;
    words.push_back(left + right);
    merges.push_back(left + " " + right);
  }

  size_t most_;
};

void pad(std::vector<std::string>& tokens, std::vector<int64_t>& types, size_t size) {
  while (tokens.size() < size) {
    tokens.push_back(fmt::format("[PAD{}]", tokens.size()));
    types.push_back(unused);
  }
}

}  // namespace

SynthVocabulary generated_vocabulary(const SynthShape& shape) {
  std::vector<std::string> tokens = byte_tokens();
  const auto special_at = static_cast<size_t>(shape.special_at);
  Words words(std::min(special_at - tokens.size(), kMostWords));
  tokens.insert(tokens.end(), words.words.begin(), words.words.end());
  std::vector<int64_t> types(tokens.size(), normal);
  pad(tokens, types, special_at);
  for (const SpecialToken& special : kSpecial) {
    tokens.emplace_back(special.text);
    types.push_back(special.control ? control : user_defined);
  }
  pad(tokens, types, static_cast<size_t>(shape.vocab));
  SynthVocabulary out;
  out.rows = shape.vocab;
  auto add = [&](const char* key, Metadata::Value value) {
    out.pairs.push_back({fmt::format("tokenizer.{}", key), std::move(value)});
  };
  add("ggml.model", std::string("gpt2"));
  add("ggml.pre", std::string(shape.family == SynthFamily::qwen3_5_moe ? "qwen35" : "qwen2"));
  add("ggml.tokens", std::move(tokens));
  add("ggml.token_type", std::move(types));
  add("ggml.merges", std::move(words.merges));
  add("ggml.eos_token_id", shape.special_at + kEndOfTurn);
  add("ggml.padding_token_id", shape.special_at + kEndOfText);
  add("ggml.add_bos_token", false);
  add("chat_template", std::string(kTemplate));
  return out;
}

Result<SynthVocabulary> copied_vocabulary(const SynthShape& shape, const std::string& path) {
  SLUICE_TRY(const ModelFiles source, open_model(path));
  const auto* value = source.metadata.find("tokenizer.ggml.tokens");
  if (value == nullptr) return Error{Code::not_found, fmt::format("{}: no tokenizer.ggml.tokens to copy", path)};
  const auto* tokens = std::get_if<std::vector<std::string>>(value);
  const auto* type_value = source.metadata.find("tokenizer.ggml.token_type");
  const auto* types = type_value == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(type_value);
  if (tokens == nullptr || types == nullptr || types->size() != tokens->size() || tokens->size() > INT32_MAX) {
    return Error{Code::corrupt,
                 fmt::format("{}: tokenizer.ggml.tokens and token_type are not two lists of a length", path)};
  }
  SynthVocabulary out;
  out.rows = std::max(shape.vocab, static_cast<int32_t>(tokens->size()));
  for (const auto& [key, kept] : source.metadata.all()) {
    if (key.starts_with("tokenizer.")) out.pairs.push_back({key, kept});
  }
  std::vector<std::string> all_tokens = *tokens;
  std::vector<int64_t> all_types = *types;
  pad(all_tokens, all_types, static_cast<size_t>(out.rows));
  for (KeyValue& pair : out.pairs) {
    if (pair.key == "tokenizer.ggml.tokens") pair.value = std::move(all_tokens);
    if (pair.key == "tokenizer.ggml.token_type") pair.value = std::move(all_types);
  }
  return out;
}

}  // namespace sluice::store

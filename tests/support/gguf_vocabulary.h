// Reads the tokenizer's keys out of a GGUF file that the tests trust. For tests of src/text, which may not know
// src/store; no bounds are checked beyond the end of the file.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::test {

struct GgufVocabulary {
  std::vector<std::string> tokens;
  std::vector<int64_t> types;
  std::vector<std::string> merges;
  std::string pre;
};

class GgufCursor {
 public:
  explicit GgufCursor(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
    if (bytes_.substr(0, 4) != "GGUF") throw std::runtime_error(path + ": not a GGUF file");
    at_ = 16;  // magic, version, number of tensors
  }

  template <class T>
  T number() {
    T value;
    if (bytes_.size() - at_ < sizeof value) throw std::runtime_error("GGUF file ends early");
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::string text() {
    const auto size = number<uint64_t>();
    std::string out = bytes_.substr(at_, size);
    at_ += out.size();
    return out;
  }

  void skip(uint32_t type) {
    constexpr size_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type == 8) {
      text();
    } else if (type == 9) {
      const auto element = number<uint32_t>();
      for (auto left = number<uint64_t>(); left > 0; --left) skip(element);
    } else {
      at_ += sizes[type];
    }
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

inline GgufVocabulary read_gguf_vocabulary(const std::string& path) {
  GgufCursor file(path);
  GgufVocabulary out;
  for (auto keys = file.number<uint64_t>(); keys > 0; --keys) {
    const std::string key = file.text();
    const auto type = file.number<uint32_t>();
    const auto texts = [&](std::vector<std::string>& list) {
      file.number<uint32_t>();
      for (auto left = file.number<uint64_t>(); left > 0; --left) list.push_back(file.text());
    };
    if (key == "tokenizer.ggml.tokens") {
      texts(out.tokens);
    } else if (key == "tokenizer.ggml.merges") {
      texts(out.merges);
    } else if (key == "tokenizer.ggml.token_type") {
      file.number<uint32_t>();
      for (auto left = file.number<uint64_t>(); left > 0; --left) out.types.push_back(file.number<int32_t>());
    } else if (key == "tokenizer.ggml.pre") {
      out.pre = file.text();
    } else {
      file.skip(type);
    }
  }
  return out;
}

}  // namespace sluice::test

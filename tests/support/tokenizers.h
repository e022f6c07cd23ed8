// Tokenizers and vectors for tests of src/text.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "support/gguf_vocabulary.h"
#include "text/byte_map.h"
#include "text/tokenizer.h"

namespace sluice::test {

inline const std::string tokenizer_data = SLUICE_SOURCE_DIR "/tests/data/tokenizers/";
// Too large for the repository; a test that needs one of these files skips without it.
inline const std::string shared_tokenizers = SLUICE_SOURCE_DIR "/../shared/data/tokenizers/";

inline std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::unique_ptr<const text::Tokenizer> must_create(Result<text::Vocabulary> vocabulary) {
  if (!vocabulary.ok()) throw std::runtime_error(vocabulary.error().message);
  auto tokenizer = text::Tokenizer::create(std::move(vocabulary).value());
  if (!tokenizer.ok()) throw std::runtime_error(tokenizer.error().message);
  return std::move(tokenizer).value();
}

// The Qwen2 vocabulary with the Qwen3.5 rule for pieces, through the GGUF source.
inline Result<text::Vocabulary> gguf_vocabulary() {
  GgufVocabulary v = read_gguf_vocabulary(tokenizer_data + "qwen3_5/ggml-vocab-qwen35.gguf");
  return text::vocabulary_from_gguf(std::move(v.tokens), std::move(v.types), std::move(v.merges), v.pre);
}

// A tokenizer of it, made once.
inline const text::Tokenizer& gguf_tokenizer() {
  static const auto tokenizer = must_create(gguf_vocabulary());
  return *tokenizer;
}

// A vocabulary of the 256 bytes (id = byte) and `words`, each built left to right by merges, from id 256 on.
inline text::Vocabulary byte_vocabulary(const std::vector<std::string>& words = {}) {
  text::Vocabulary out;
  for (int b = 0; b < 256; ++b) out.tokens.push_back(text::spell_bytes(std::string(1, static_cast<char>(b))));
  for (const std::string& word : words) {
    for (size_t size = 2; size <= word.size(); ++size) {
      const std::string made = text::spell_bytes(word.substr(0, size));
      if (std::find(out.tokens.begin(), out.tokens.end(), made) != out.tokens.end()) continue;
      out.merges.push_back(text::spell_bytes(word.substr(0, size - 1)) + " " +
                           text::spell_bytes(word.substr(size - 1, 1)));
      out.tokens.push_back(made);
    }
  }
  return out;
}

struct IdCase {
  std::string text;
  std::vector<int32_t> ids;
};

// llama.cpp's vectors: `stem`.inp and `stem`.out.
inline std::vector<IdCase> ggml_cases(const std::string& stem) {
  const std::string mark = "\n__ggml_vocab_test__\n";
  const std::string input = file_text(stem + ".inp");
  std::istringstream output(file_text(stem + ".out"));
  std::vector<IdCase> cases;
  for (size_t at = 0, end; (end = input.find(mark, at)) != std::string::npos; at = end + mark.size()) {
    IdCase one{input.substr(at, end - at), {}};
    std::string line;
    std::getline(output, line);
    std::istringstream numbers(line);
    for (int32_t id; numbers >> id;) one.ids.push_back(id);
    cases.push_back(std::move(one));
  }
  return cases;
}

inline std::vector<int32_t> ids_of(const text::Tokenizer& tokenizer, std::string_view input,
                                   bool parse_added_tokens = false) {
  auto ids = tokenizer.encode(input, parse_added_tokens);
  if (!ids.ok()) ADD_FAILURE() << ids.error().message;
  return ids.ok() ? *ids : std::vector<int32_t>{-1};
}

}  // namespace sluice::test

// A tokenizer's tables as plain data: what both sources (GGUF metadata, Hugging Face's JSON) are read into, and what
// Tokenizer::create checks and compiles.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::text {

// The regular expression that cuts text into pieces; BPE never merges across pieces. The two differ in combining
// marks: qwen2 (Qwen 2 to 3 and Next) treats them as punctuation, qwen35 (Qwen 3.5 and 3.6) as part of a word.
enum class Pre { qwen2, qwen35 };

// A token that is cut out of markup by its literal text, before everything else.
struct AddedToken {
  int32_t id;
  std::string text;  // literal, not in byte-level spelling
  bool special;      // a control token: a detokenizer may be told to drop it
};

struct Vocabulary {
  std::vector<std::string> tokens;  // by id, ordinary tokens in byte-level spelling (byte_map.h); empty: no such token
  std::vector<std::string> merges;  // "left right" in byte-level spelling; the first one merges first
  std::vector<AddedToken> added;    // ids inside or past `tokens`
  Pre pre = Pre::qwen2;
  bool nfc = true;  // normalise ordinary text first
};

// The largest id a vocabulary may have, and the longest text of an added token in bytes: bounds on what a hostile file
// can make us allocate or scan.
inline constexpr int32_t max_token_id = (1 << 21) - 1;
inline constexpr size_t max_added_text = 1024;

// From the GGUF keys tokenizer.ggml.{tokens, token_type, merges, pre}. Types: 1 normal, 3 control (a special added
// token), 4 user-defined (an added token), 5 unused, 6 byte ("<0x0A>"). "[PAD17]" as user-defined token 17, which
// converters write to fill the embedding matrix up, counts as unused. NFC is on: GGUF does not record it, and every
// model with these `pre` names was trained behind it. Errors: corrupt, unsupported (type or pre).
Result<Vocabulary> vocabulary_from_gguf(std::vector<std::string> tokens, std::vector<int64_t> types,
                                        std::vector<std::string> merges, std::string pre);

// From the text of tokenizer.json and, unless empty, of tokenizer_config.json, whose added_tokens_decoder may list
// tokens that the first lacks. Anything in the file that would change ids and that we do not do is refused by name;
// "truncation" and "padding" are ignored. Errors: corrupt, unsupported.
Result<Vocabulary> vocabulary_from_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json);

}  // namespace sluice::text

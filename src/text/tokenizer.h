// Text to token ids and back: byte-level BPE as Hugging Face's tokenizers run it for the Qwen families. Added tokens
// are cut out by their literal text, the rest is put into NFC, cut into pieces (pretokenizer.h) and merged (bpe.h).
// Nothing is put in front of or behind the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/pretokenizer.h"
#include "text/segment.h"
#include "text/vocabulary.h"

namespace sluice::text {

// Immutable; any number of threads may use one at once.
class Tokenizer {
 public:
  // Checks and compiles a vocabulary. Errors: corrupt (a contradiction, named by its id or merge), unsupported (an id
  // or a size past our limits).
  static Result<std::unique_ptr<const Tokenizer>> create(Vocabulary&& vocabulary);

  // Ids of the segments' joined text. Added tokens are found in markup only and never across the border of a segment;
  // ordinary text does flow across it. Errors: invalid, naming the byte offset in the joined text where UTF-8 breaks
  // (each segment must hold complete characters); text of 1 GiB or more. Memory: up to about 50 bytes per byte of the
  // longest piece, which is a word in honest text.
  Result<std::vector<int32_t>> encode(std::span<const Segment> segments) const;

  // The same for one text: as markup if parse_added_tokens, else as content.
  Result<std::vector<int32_t>> encode(std::string_view text, bool parse_added_tokens) const;

  // What a token stands for: the literal text of an added token, any bytes (often not whole characters) for an
  // ordinary one, nothing for an unused or out-of-range id. Valid as long as the tokenizer.
  std::string_view bytes(int32_t id) const { return bpe_.tokens().bytes(id); }

  bool is_added(int32_t id) const { return kind_of(id) != Kind::ordinary; }
  bool is_special(int32_t id) const { return kind_of(id) == Kind::special; }

  // Highest id in use, plus one; a model's embedding may have more rows, which stand for nothing.
  int32_t size() const { return bpe_.tokens().size(); }

  // The id of an added token with this literal text, or else of an ordinary token with exactly these bytes.
  std::optional<int32_t> id_of(std::string_view token_text) const;

 private:
  enum class Kind : uint8_t { ordinary, added, special };
  struct Work;

  Tokenizer() = default;
  Kind kind_of(int32_t id) const { return id >= 0 && id < size() ? kinds_[static_cast<size_t>(id)] : Kind::ordinary; }
  Status encode_segment(std::string_view text, bool markup, Work& work) const;
  Status encode_run(Work& work) const;

  Bpe bpe_;
  AddedTokens added_;
  std::vector<Kind> kinds_;  // by id
  Pretokenizer pretokenizer_;
  bool nfc_ = true;
};

}  // namespace sluice::text

// Cuts text into the pieces that BPE works on. The rule is one of two regular expressions (vocabulary.h); ASCII is cut
// by hand, everything else by PCRE2, and a test proves the two equal.
#pragma once

#include <memory>
#include <string_view>

#include "sluice/status.h"
#include "text/vocabulary.h"

struct pcre2_real_code_8;
struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;

namespace sluice::text {

// The regular expression of `pre` as tokenizer.json writes it.
std::string_view pre_regex(Pre pre);

// A compiled rule. Immutable, any number of threads may use it at once.
class Pretokenizer {
 public:
  static Result<Pretokenizer> create(Pre pre);

 private:
  friend class Pieces;
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
};

// Walks over the pieces of one text, front to back, without gaps. Borrows both arguments. One thread.
class Pieces {
 public:
  enum class Path { fast, regex_only };  // regex_only is for the test that compares the two

  // REQUIRES: text is well-formed UTF-8.
  Pieces(const Pretokenizer& pretokenizer, std::string_view text, Path path = Path::fast);

  // The next piece; empty at the end of the text. Error: invalid, when the regular expression hits its resource limit.
  Result<std::string_view> next();

 private:
  struct FreeMatch {
    void operator()(pcre2_real_match_data_8* data) const;
    void operator()(pcre2_real_match_context_8* context) const;
  };
  Result<size_t> regex_piece();
  bool prepare_match();

  const pcre2_real_code_8* code_;
  std::string_view text_;
  size_t at_ = 0;
  Path path_;
  std::unique_ptr<pcre2_real_match_data_8, FreeMatch> match_;  // made at the first piece that is not ASCII
  std::unique_ptr<pcre2_real_match_context_8, FreeMatch> context_;
};

}  // namespace sluice::text

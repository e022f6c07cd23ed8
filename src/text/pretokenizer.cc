#include "text/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <string>

#include "text/ascii_piece.h"

namespace sluice::text {
namespace {

std::string pcre2_message(int code) {
  PCRE2_UCHAR text[120] = {};
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

// PCRE2's \s also holds U+180E, which stopped being white space in Unicode 6.3: spell the property White_Space out.
std::string with_exact_white_space(std::string_view regex) {
  constexpr std::string_view white_space = "\\x{9}-\\x{d}\\x{20}\\x{85}\\p{Z}";
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '[') in_class = true;
    if (regex[i] == ']') in_class = false;
    const std::string_view pair = regex.substr(i, 2);
    if (pair == "\\s" || pair == "\\S") {
      out += in_class ? std::string(white_space) : fmt::format("[{}{}]", pair == "\\S" ? "^" : "", white_space);
      ++i;
    } else {
      out += regex[i];
    }
  }
  return out;
}

}  // namespace

std::string_view pre_regex(Pre pre) {
  switch (pre) {
    case Pre::qwen2:
      return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
    case Pre::qwen35:
      return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  }
  return {};
}

void Pretokenizer::FreeCode::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}
void Pieces::FreeMatch::operator()(pcre2_real_match_data_8* data) const {
  pcre2_match_data_free(data);
}
void Pieces::FreeMatch::operator()(pcre2_real_match_context_8* context) const {
  pcre2_match_context_free(context);
}

Result<Pretokenizer> Pretokenizer::create(Pre pre) {
  const std::string regex = with_exact_white_space(pre_regex(pre));
  int error = 0;
  size_t offset = 0;
  Pretokenizer out;
  // Anchored here and not per match: the JIT serves only the former.
  out.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(),
                                PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &offset, nullptr));
  if (!out.code_) {
    return Error{Code::unsupported,
                 fmt::format("pre-tokenizer: PCRE2 refuses its expression at {} ({}); it needs Unicode support", offset,
                             pcre2_message(error))};
  }
  // Where the JIT is missing or forbidden, the interpreter gives the same pieces, only later.
  static_cast<void>(pcre2_jit_compile(out.code_.get(), PCRE2_JIT_COMPLETE));
  return out;
}

Pieces::Pieces(const Pretokenizer& pretokenizer, std::string_view text, Path path)
    : code_(pretokenizer.code_.get()), text_(text), path_(path) {}

Result<std::string_view> Pieces::next() {
  if (at_ == text_.size()) return std::string_view();
  size_t size = path_ == Path::fast ? ascii_piece(text_.substr(at_)) : 0;
  if (size == 0) {
    SLUICE_TRY(size, regex_piece());
  }
  at_ += size;
  return text_.substr(at_ - size, size);
}

bool Pieces::prepare_match() {
  if (match_) return true;
  match_.reset(pcre2_match_data_create_from_pattern(code_, nullptr));
  context_.reset(pcre2_match_context_create(nullptr));
  if (!match_ || !context_) return false;
  // One step back over each character of a run is honest work here; anything beyond that is a fault.
  const size_t steps = std::min<size_t>(text_.size() * 8 + 100'000, 2'000'000'000);
  pcre2_set_match_limit(context_.get(), static_cast<uint32_t>(steps));
  pcre2_set_heap_limit(context_.get(), 64 * 1024);  // KiB
  return true;
}

Result<size_t> Pieces::regex_piece() {
  int count = PCRE2_ERROR_NOMEMORY;
  if (prepare_match()) {
    count = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), at_, PCRE2_NO_UTF_CHECK,
                        match_.get(), context_.get());
  }
  if (count < 1) {
    return Error{Code::invalid, fmt::format("text: byte {}: the pre-tokenizer gave up ({}); split the text", at_,
                                            pcre2_message(count))};
  }
  const size_t end = pcre2_get_ovector_pointer(match_.get())[1];
  if (end <= at_) return Error{Code::invalid, fmt::format("text: byte {}: the pre-tokenizer found no piece", at_)};
  return end - at_;
}

}  // namespace sluice::text

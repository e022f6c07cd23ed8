#include "text/detokenizer.h"

#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

}  // namespace

std::string Detokenizer::push(int32_t id) {
  if (options_.skip_special && tokenizer_.is_special(id)) return {};
  pending_ += tokenizer_.bytes(id);
  std::string out;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Step step = utf8_step(rest);
    if (step.kind == Utf8Step::truncated) break;
    out += step.kind == Utf8Step::complete ? rest.substr(0, step.size) : replacement;
    rest.remove_prefix(step.size);
  }
  pending_ = std::string(rest);
  return out;
}

std::string Detokenizer::finish() {
  const bool begun = !pending_.empty();
  pending_.clear();
  return std::string(begun ? replacement : std::string_view());
}

std::string decode(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
  Detokenizer detokenizer(tokenizer);
  std::string out;
  for (const int32_t id : ids) out += detokenizer.push(id);
  return out + detokenizer.finish();
}

}  // namespace sluice::text

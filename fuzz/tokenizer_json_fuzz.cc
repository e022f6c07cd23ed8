// tokenizer.json and, behind the first NUL byte, tokenizer_config.json; then a fixed text through what they describe.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/detokenizer.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::text;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view tokenizer_json = input.substr(0, input.find('\0'));
  const std::string_view config = input.substr(std::min(size, tokenizer_json.size() + 1));
  auto vocabulary = vocabulary_from_json(tokenizer_json, config);
  if (!vocabulary.ok()) return 0;
  const bool nfc = vocabulary->nfc;
  const auto tokenizer = Tokenizer::create(std::move(vocabulary).value());
  if (!tokenizer.ok()) return 0;

  const std::string text =
      "It's <|im_start|>the the  12 caf\u00e9 e\u0301 \u4e16\u754c\r\n\n <think>\t\U0001f600 "
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  for (const bool markup : {false, true}) {
    const auto ids = (*tokenizer)->encode(text, markup);
    if (!ids.ok()) std::abort();
    Detokenizer detokenizer(**tokenizer);
    std::string back;
    for (const int32_t id : *ids) back += detokenizer.push(id);
    back += detokenizer.finish();
    if (!nfc && back != text) std::abort();
  }
  return 0;
}

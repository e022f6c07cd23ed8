#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "text/pretokenizer.h"
#include "text/quote.h"
#include "text/vocabulary.h"

namespace sluice::text {
namespace {

using Json = nlohmann::json;

Error unsupported(std::string_view place, const Json& found, std::string_view wanted) {
  const std::string shown = found.is_string()      ? quote_text(found.get_ref<const std::string&>())
                            : found.is_primitive() ? found.dump()
                                                   : std::string(found.type_name());
  return Error{Code::unsupported, fmt::format("{} is {}; supported: {}", place, shown, wanted)};
}

Error corrupt(std::string_view place, std::string_view wanted) {
  return Error{Code::corrupt, fmt::format("{}: expected {}", place, wanted)};
}

// The member, or null when `object` is no object or lacks it.
const Json& at(const Json& object, const char* name) {
  static const Json null;
  const auto member = object.find(name);
  return member == object.end() ? null : *member;
}

bool is_text(const Json& value, std::string_view text) {
  return value.is_string() && value.get_ref<const std::string&>() == text;
}

// A member that must be false or absent.
Status refuse_if_true(const Json& object, std::string_view place, const char* name) {
  const Json& value = at(object, name);
  if (value.is_null() || value == false) return {};
  return unsupported(fmt::format("{}.{}", place, name), value, "false");
}

Result<int32_t> read_id(const Json& value, std::string_view place) {
  if (!value.is_number_unsigned()) return corrupt(place, "an id, a whole number from 0");
  const auto id = value.get<uint64_t>();
  if (id > static_cast<uint64_t>(max_token_id)) {
    return Error{Code::unsupported, fmt::format("{}: id {}; at most {} is supported", place, id, max_token_id)};
  }
  return static_cast<int32_t>(id);
}

Status check_model(const Json& model) {
  if (!is_text(at(model, "type"), "BPE")) return unsupported("model.type", at(model, "type"), "\"BPE\"");
  for (const char* name : {"ignore_merges", "byte_fallback"}) SLUICE_TRY_VOID(refuse_if_true(model, "model", name));
  const Json& dropout = at(model, "dropout");
  if (!dropout.is_null() && dropout != 0.0) return unsupported("model.dropout", dropout, "null");
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const Json& value = at(model, name);
    if (!value.is_null() && !is_text(value, "")) return unsupported(fmt::format("model.{}", name), value, "none");
  }
  return {};
}

Status read_vocab(const Json& vocab, std::vector<std::string>& tokens) {
  if (!vocab.is_object()) return corrupt("model.vocab", "an object of ids by token");
  tokens.reserve(vocab.size());
  for (const auto& [text, value] : vocab.items()) {
    auto read = read_id(value, "its value");
    if (!read.ok()) return std::move(read).error().within(fmt::format("model.vocab {}", quote_text(text)));
    const int32_t id = *read;
    const auto index = static_cast<size_t>(id);
    if (index >= tokens.size()) tokens.resize(index + 1);
    if (text.empty()) return corrupt("model.vocab", "no empty token");
    if (!tokens[index].empty()) {
      return Error{Code::corrupt, fmt::format("model.vocab: id {} is both {} and {}", id, quote_text(tokens[index]),
                                              quote_text(text))};
    }
    tokens[index] = text;
  }
  return {};
}

Status read_merges(const Json& merges, std::vector<std::string>& out) {
  if (!merges.is_array()) return corrupt("model.merges", "an array");
  out.reserve(merges.size());
  for (const Json& merge : merges) {
    const bool is_pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (is_pair) {
      const auto& left = merge[0].get_ref<const std::string&>();
      const auto& right = merge[1].get_ref<const std::string&>();
      // A space in a part would move the cut between the two; the byte-level alphabet has none.
      if (left.find(' ') == std::string::npos && right.find(' ') == std::string::npos) {
        out.push_back(left + ' ' + right);
        continue;
      }
    } else if (merge.is_string()) {
      out.push_back(merge.get_ref<const std::string&>());
      continue;
    }
    return corrupt(fmt::format("model.merges[{}]", out.size()),
                   "\"left right\" or [\"left\", \"right\"] in byte-level spelling");
  }
  return {};
}

Status check_byte_level(const Json& step, std::string_view place) {
  if (!is_text(at(step, "type"), "ByteLevel"))
    return unsupported(fmt::format("{}.type", place), at(step, "type"), "\"ByteLevel\"");
  SLUICE_TRY_VOID(refuse_if_true(step, place, "add_prefix_space"));
  // Absent means true, and then a second expression would cut the pieces further.
  if (at(step, "use_regex") != false)
    return unsupported(fmt::format("{}.use_regex", place), at(step, "use_regex"), "false");
  return {};
}

Result<Pre> read_pre(const Json& pre) {
  const Json& steps = at(pre, "pretokenizers");
  if (!is_text(at(pre, "type"), "Sequence") || !steps.is_array() || steps.size() != 2) {
    return unsupported("pre_tokenizer", at(pre, "type"), "a Sequence of Split and ByteLevel");
  }
  const Json& split = steps[0];
  if (!is_text(at(split, "type"), "Split")) return unsupported("pre_tokenizer[0].type", at(split, "type"), "\"Split\"");
  if (!is_text(at(split, "behavior"), "Isolated")) {
    return unsupported("pre_tokenizer[0].behavior", at(split, "behavior"), "\"Isolated\"");
  }
  SLUICE_TRY_VOID(refuse_if_true(split, "pre_tokenizer[0]", "invert"));
  SLUICE_TRY_VOID(check_byte_level(steps[1], "pre_tokenizer[1]"));
  const Json& regex = at(at(split, "pattern"), "Regex");
  for (const Pre known : {Pre::qwen2, Pre::qwen35}) {
    if (is_text(regex, pre_regex(known))) return known;
  }
  return unsupported("pre_tokenizer[0].pattern.Regex", regex, "the expressions of Qwen2 and Qwen3.5");
}

Result<bool> read_nfc(const Json& normalizer) {
  if (normalizer.is_null()) return false;
  if (is_text(at(normalizer, "type"), "NFC")) return true;
  return unsupported("normalizer.type", at(normalizer, "type"), "\"NFC\" or no normalizer");
}

// A template that leaves a single text as it is, which is how some tools write "no post-processing".
bool adds_nothing(const Json& step) {
  const Json& single = at(step, "single");
  return is_text(at(step, "type"), "TemplateProcessing") && single.is_array() && single.size() == 1 &&
         !at(single[0], "Sequence").is_null();
}

// Steps that may be missing and must be ByteLevel otherwise: any other would add tokens or change the text.
Status check_byte_level_or_none(const Json& root, const char* name) {
  const Json& step = at(root, name);
  if (step.is_null() || is_text(at(step, "type"), "ByteLevel") || adds_nothing(step)) return {};
  return unsupported(fmt::format("{}.type", name), at(step, "type"), "\"ByteLevel\" or none");
}

// A token marked "normalized" is looked for in the normalised text: with no normaliser (`nfc` false) that is the text.
Result<AddedToken> read_added(const Json& entry, int32_t id, bool nfc) {
  const std::string place = fmt::format("added token {}", id);
  const Json& content = at(entry, "content");
  if (!content.is_string()) return corrupt(place, "a text \"content\"");
  for (const char* name : {"single_word", "lstrip", "rstrip"}) SLUICE_TRY_VOID(refuse_if_true(entry, place, name));
  if (nfc) SLUICE_TRY_VOID(refuse_if_true(entry, place, "normalized"));
  const Json& special = at(entry, "special");
  if (!special.is_boolean()) return corrupt(place, "\"special\" to be true or false");
  return AddedToken{id, content.get<std::string>(), special.get<bool>()};
}

Status read_added_list(const Json& list, bool nfc, std::vector<AddedToken>& added) {
  if (list.is_null()) return {};
  if (!list.is_array()) return corrupt("added_tokens", "an array");
  for (const Json& entry : list) {
    SLUICE_TRY(const int32_t id, read_id(at(entry, "id"), fmt::format("added_tokens[{}].id", added.size())));
    SLUICE_TRY(AddedToken token, read_added(entry, id, nfc));
    added.push_back(std::move(token));
  }
  return {};
}

// The tokens of added_tokens_decoder, an object by id in decimal, that `added` does not have yet.
Status add_missing(const Json& config, bool nfc, std::vector<AddedToken>& added) {
  const Json& decoder = at(config, "added_tokens_decoder");
  if (decoder.is_null()) return {};
  if (!decoder.is_object()) return corrupt("tokenizer_config.json: added_tokens_decoder", "an object");
  std::map<int32_t, std::string> known;
  for (const AddedToken& token : added) known.emplace(token.id, token.text);
  for (const auto& [key, entry] : decoder.items()) {
    const Json number = Json::parse(key, nullptr, false);
    SLUICE_TRY(const int32_t id,
               read_id(number, fmt::format("tokenizer_config.json: added_tokens_decoder {}", quote_text(key))));
    SLUICE_TRY(AddedToken token, read_added(entry, id, nfc));
    const auto [have, inserted] = known.emplace(id, token.text);
    if (!inserted && have->second != token.text) {
      return Error{Code::corrupt, fmt::format("added token {}: tokenizer.json says {}, tokenizer_config.json {}", id,
                                              quote_text(have->second), quote_text(token.text))};
    }
    if (inserted) added.push_back(std::move(token));
  }
  return {};
}

Result<Json> parse(std::string_view text, std::string_view name) {
  Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) return Error{Code::corrupt, fmt::format("{}: not a JSON object", name)};
  return root;
}

}  // namespace

Result<Vocabulary> vocabulary_from_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json) {
  SLUICE_TRY(const Json root, parse(tokenizer_json, "tokenizer.json"));
  Vocabulary vocabulary;
  const Json& model = at(root, "model");
  SLUICE_TRY_VOID(check_model(model));
  SLUICE_TRY(vocabulary.nfc, read_nfc(at(root, "normalizer")));
  SLUICE_TRY(vocabulary.pre, read_pre(at(root, "pre_tokenizer")));
  for (const char* name : {"post_processor", "decoder"}) SLUICE_TRY_VOID(check_byte_level_or_none(root, name));
  SLUICE_TRY_VOID(read_vocab(at(model, "vocab"), vocabulary.tokens));
  SLUICE_TRY_VOID(read_merges(at(model, "merges"), vocabulary.merges));
  SLUICE_TRY_VOID(read_added_list(at(root, "added_tokens"), vocabulary.nfc, vocabulary.added));
  if (!tokenizer_config_json.empty()) {
    SLUICE_TRY(const Json config, parse(tokenizer_config_json, "tokenizer_config.json"));
    SLUICE_TRY_VOID(add_missing(config, vocabulary.nfc, vocabulary.added));
  }
  return vocabulary;
}

}  // namespace sluice::text

#include "runtime/vocabulary.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "io/file.h"

namespace sluice::runtime {
namespace {

constexpr uint64_t kLargestText = uint64_t{256} << 20;

template <class T>
std::vector<T> list_of(const store::Metadata& metadata, std::string_view key) {
  const auto* value = metadata.find(key);
  const auto* list = value == nullptr ? nullptr : std::get_if<std::vector<T>>(value);
  return list == nullptr ? std::vector<T>() : *list;
}

// The folder's file, empty where there is none.
Result<std::string> optional_text(const std::string& folder, const char* name) {
  const std::string path = (std::filesystem::path(folder) / name).string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::string();
  return io::read_text(path, kLargestText);
}

Status load_gguf(store::ModelFiles& files, Vocabulary& v, std::string& source) {
  const store::Metadata& m = files.metadata;
  if (!m.has("tokenizer.ggml.tokens")) return {};
  SLUICE_TRY(const std::string model, m.text("tokenizer.ggml.model"));
  if (model != "gpt2") {
    return Error{Code::unsupported, fmt::format("tokenizer.ggml.model \"{}\"; only gpt2 (byte-level BPE) works", model)};
  }
  SLUICE_TRY(std::string pre, m.text("tokenizer.ggml.pre"));
  SLUICE_TRY(auto vocabulary, text::vocabulary_from_gguf(
                                  list_of<std::string>(m, "tokenizer.ggml.tokens"), list_of<int64_t>(m, "tokenizer.ggml.token_type"),
                                  list_of<std::string>(m, "tokenizer.ggml.merges"), std::move(pre)));
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges"}) {
    files.metadata.set(key, std::vector<int64_t>());
  }
  SLUICE_TRY(v.tokenizer, text::Tokenizer::create(std::move(vocabulary)));
  SLUICE_TRY(source, m.text_or("tokenizer.chat_template", ""));
  return {};
}

// tokenizer_config.json may hold the template as text; a list of named templates has the default one in the file beside it.
Status load_folder(const std::string& folder, Vocabulary& v, std::string& source) {
  SLUICE_TRY(const std::string tokenizer, optional_text(folder, "tokenizer.json"));
  if (tokenizer.empty()) return {};
  SLUICE_TRY(const std::string config, optional_text(folder, "tokenizer_config.json"));
  SLUICE_TRY(auto vocabulary, text::vocabulary_from_json(tokenizer, config));
  SLUICE_TRY(v.tokenizer, text::Tokenizer::create(std::move(vocabulary)));
  SLUICE_TRY(source, optional_text(folder, "chat_template.jinja"));
  if (!source.empty() || config.empty()) return {};
  SLUICE_TRY(const text::Value parsed, text::parse_json(config));
  if (const text::Value* field = parsed.find("chat_template"); field != nullptr && field->is_string()) source = field->as_text().bytes();
  return {};
}

void add_stop(Vocabulary& v, std::optional<int64_t> id) {
  if (!id || *id < 0 || *id > INT32_MAX) return;
  const auto token = static_cast<int32_t>(*id);
  if (std::find(v.stop_tokens.begin(), v.stop_tokens.end(), token) == v.stop_tokens.end()) v.stop_tokens.push_back(token);
}

// eos ids of every source, and always the two tokens that end a Qwen turn (qwen3_5_moe.md, section 7).
void find_stop_tokens(const store::Metadata& m, Vocabulary& v) {
  for (const char* key : {"generation.eos_token_id", "eos_token_id", "text_config.eos_token_id", "tokenizer.ggml.eos_token_id",
                          "tokenizer.ggml.eot_token_id"}) {
    const auto* value = m.find(key);
    if (value == nullptr) continue;
    if (const auto* one = std::get_if<int64_t>(value)) add_stop(v, *one);
    if (const auto* many = std::get_if<std::vector<int64_t>>(value)) {
      for (int64_t id : *many) add_stop(v, id);
    }
  }
  if (v.tokenizer == nullptr) return;
  for (const char* name : {"<|im_end|>", "<|endoftext|>"}) {
    if (const auto id = v.tokenizer->id_of(name); id && v.tokenizer->is_special(*id)) add_stop(v, *id);
  }
}

Status read_sampling(const store::Metadata& m, SamplingOptions& s) {
  s.temperature = 0.7f, s.top_p = 0.95f, s.top_k = 40;
  SLUICE_TRY(const bool sample, m.boolean_or("generation.do_sample", true));
  SLUICE_TRY(const double temperature, m.real_or("generation.temperature", s.temperature));
  SLUICE_TRY(const double top_p, m.real_or("generation.top_p", s.top_p));
  SLUICE_TRY(const double min_p, m.real_or("generation.min_p", 0));
  SLUICE_TRY(const int64_t top_k, m.integer_or("generation.top_k", s.top_k));
  SLUICE_TRY(const double repetition, m.real_or("generation.repetition_penalty", 1.0));
  SLUICE_TRY(const double presence, m.real_or("generation.presence_penalty", 0.0));
  s.temperature = sample ? static_cast<float>(temperature) : 0.0f;
  s.top_p = static_cast<float>(top_p);
  s.min_p = static_cast<float>(min_p);
  s.top_k = static_cast<int32_t>(std::clamp<int64_t>(top_k, 0, INT32_MAX));
  s.repetition_penalty = static_cast<float>(repetition);
  s.presence_penalty = static_cast<float>(presence);
  return {};
}

Status load(store::ModelFiles& files, Vocabulary& v) {
  std::string source;
  if (files.container == store::Container::gguf) {
    SLUICE_TRY_VOID(load_gguf(files, v, source));
  } else {
    const std::filesystem::path path(files.path);
    std::error_code ignored;
    const bool folder = std::filesystem::is_directory(path, ignored);
    SLUICE_TRY_VOID(load_folder(folder ? path.string() : path.parent_path().string(), v, source));
  }
  if (!source.empty()) {
    auto parsed = text::ChatTemplate::parse(source);
    if (parsed.ok()) {
      v.chat_template = std::move(parsed).value();
    } else {  // token ids, raw prompts and measurements still work
      v.template_error = fmt::format("{}: chat template: {}", files.path, parsed.error().message);
    }
  }
  find_stop_tokens(files.metadata, v);
  return read_sampling(files.metadata, v.recommended);
}

}  // namespace

Result<Vocabulary> load_vocabulary(store::ModelFiles& files) {
  Vocabulary v;
  if (Status status = load(files, v); !status.ok()) return std::move(status).error().within(files.path);
  return v;
}

}  // namespace sluice::runtime

#include "cli/prompt.h"

#include <fmt/format.h>

#include <ctime>

#include "cli/input.h"
#include "cli/report.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace sluice::cli {
namespace {

using text::Value;

Result<std::string> read_words(const std::string& path) {
  SLUICE_TRY(std::string words, read_input(path));
  SLUICE_TRY_VOID(check_utf8(words, path == "-" ? "standard input" : path));
  return words;
}

Result<std::string> read_text(const PromptOptions& o) {
  if (o.prompt && *o.prompt != "-") {
    SLUICE_TRY_VOID(check_utf8(*o.prompt, "PROMPT"));
    return *o.prompt;
  }
  if (!o.prompt && stdin_is_terminal()) {
    return Error{Code::invalid, "no prompt; give one in quotes, or pipe it in: echo Hello | sluice run"};
  }
  return read_words("-");
}

// A JSON list of objects.
Result<Value> read_objects(const std::string& path, std::string_view what) {
  SLUICE_TRY(const std::string words, read_words(path));
  auto parsed = text::parse_json(words);
  if (!parsed.ok()) return std::move(parsed).error().within(path);
  bool objects = parsed->is_list();
  for (size_t i = 0; objects && i < parsed->as_list().items.size(); ++i) objects = parsed->as_list().items[i].is_map();
  if (!objects) return Error{Code::corrupt, fmt::format("{}: must be a JSON list of {}, each an object", path, what)};
  return std::move(parsed).value();
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  ::localtime_r(&now, &out);
  return out;
}

Result<std::vector<text::Segment>> render(const Prompt& prompt, const Engine& engine, std::optional<bool> thinking) {
  text::ChatInput input;
  if (prompt.messages.is_none()) {
    if (prompt.system) input.messages.push(text::chat_message("system", *prompt.system));
    input.messages.push(text::chat_message("user", prompt.text));
  } else {
    SLUICE_TRY(input.messages, text::normalize_messages(prompt.messages));
  }
  input.tools = prompt.tools;
  input.now = local_time();
  if (thinking) input.extra.set("enable_thinking", Value::boolean(*thinking));
  if (!engine.stop_tokens().empty()) input.eos_token = engine.tokenizer()->bytes(engine.stop_tokens()[0]);
  auto segments = engine.chat_template()->render(input);
  if (!segments.ok()) return std::move(segments).error().within("chat template");
  return segments;
}

Result<std::vector<text::Segment>> render_checked(const Prompt& prompt, const Engine& engine) {
  SLUICE_TRY(auto segments, render(prompt, engine, prompt.thinking));
  if (prompt.thinking) {
    SLUICE_TRY(const auto opposite, render(prompt, engine, !*prompt.thinking));
    if (text::joined(segments) == text::joined(opposite)) {
      return Error{Code::unsupported,
                   fmt::format("{}: this model's chat template has no such switch", prompt.needs_template())};
    }
  }
  return segments;
}

}  // namespace

void add_prompt(Arguments& a, PromptOptions& o) {
  a.group("Prompt");
  a.positional("PROMPT", text(o.prompt), "what to answer, in quotes; \"-\" or nothing reads standard input");
  a.option("--system", "TEXT", text(o.system), "a system message before it");
  a.option("--system-file", "FILE", text(o.system_file), "the same from a file");
  a.option("--messages", "FILE", text(o.messages_file),
           "a whole conversation instead of PROMPT: a JSON list of {role, content}");
  a.option("--tools", "FILE", text(o.tools_file), "tools the model may call: a JSON list");
  a.flag("--think", o.think, "let the model think first");
  a.flag("--no-think", o.no_think, "let it answer at once");
  a.flag("--raw", o.raw, "continue PROMPT as it is, without the chat template");
  a.flag("--raw-special", o.raw_special, "the same, and control tokens such as <|im_start|> in it count");
  a.option("--tokens", "FILE", text(o.tokens_file), "token ids separated by white space instead of PROMPT");
  a.excludes("--think", {"--no-think"});
  a.excludes("--system", {"--system-file", "--messages"});
  a.excludes("--system-file", {"--messages"});
  a.excludes("--messages", {"PROMPT"});
  for (const char* raw : {"--raw", "--raw-special", "--tokens"}) {
    a.excludes(raw, {"--system", "--system-file", "--messages", "--tools", "--think", "--no-think"});
  }
  a.excludes("--raw", {"--raw-special"});
  a.excludes("--tokens", {"PROMPT", "--raw", "--raw-special"});
}

std::string Prompt::needs_template() const {
  if (!messages.is_none()) return "--messages";
  if (!tools.is_none()) return "--tools";
  if (system) return "--system";
  if (thinking) return *thinking ? "--think" : "--no-think";
  return "";
}

Result<Prompt> read_prompt(const PromptOptions& o) {
  Prompt p;
  if (o.tokens_file) {
    SLUICE_TRY(p.tokens, read_token_ids(*o.tokens_file));
    return p;
  }
  p.special = o.raw_special;
  p.raw = o.raw || o.raw_special;
  if (o.think || o.no_think) p.thinking = o.think;
  if (o.tools_file) {
    SLUICE_TRY(p.tools, read_objects(*o.tools_file, "tools"));
  }
  p.system = o.system;
  if (o.system_file) {
    SLUICE_TRY(p.system, read_words(*o.system_file));
  }
  if (p.system) SLUICE_TRY_VOID(check_utf8(*p.system, "--system"));
  if (o.messages_file) {
    SLUICE_TRY(p.messages, read_objects(*o.messages_file, "messages"));
    if (p.messages.as_list().items.empty())
      return Error{Code::invalid, fmt::format("{}: no messages in it", *o.messages_file)};
    return p;
  }
  SLUICE_TRY(p.text, read_text(o));
  if (p.text.empty())
    return Error{Code::invalid, "the prompt is empty; give one in quotes, or pipe it in: echo Hello | sluice run"};
  return p;
}

Result<std::vector<int32_t>> encode_prompt(const Prompt& prompt, const Engine& engine) {
  if (prompt.tokens) return *prompt.tokens;
  if (engine.tokenizer() == nullptr) {
    return Error{Code::unsupported, "this model has no tokenizer; give token ids with --tokens FILE"};
  }
  if (prompt.raw) return engine.tokenizer()->encode(prompt.text, prompt.special);
  if (const std::string& broken = engine.chat_template_error(); !broken.empty()) {
    return Error{Code::unsupported, broken + "; --raw continues a prompt without it"};
  }
  if (engine.chat_template() == nullptr) {
    if (const std::string option = prompt.needs_template(); !option.empty()) {
      return Error{Code::unsupported, fmt::format("{}: this model has no chat template", option)};
    }
    note("this model has no chat template: the prompt is continued as it is");
    return engine.tokenizer()->encode(prompt.text, false);
  }
  SLUICE_TRY(const auto segments, render_checked(prompt, engine));
  return engine.tokenizer()->encode(segments);
}

}  // namespace sluice::cli

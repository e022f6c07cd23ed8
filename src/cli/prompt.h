// From what the user gave (words, files, pipes) to the token ids a session takes in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "sluice/engine.h"
#include "text/value.h"

namespace sluice::cli {

struct PromptOptions {
  std::optional<std::string> prompt, system, system_file, messages_file, tools_file, tokens_file;
  bool think = false, no_think = false, raw = false, raw_special = false;
};

void add_prompt(Arguments& arguments, PromptOptions& options);

// Read and checked before a model is loaded, so that nobody waits for a typing error.
struct Prompt {
  std::optional<std::vector<int32_t>> tokens;  // given as ids: nothing else matters then
  std::string text;
  bool raw = false, special = false;
  text::Value messages;  // none: made of `system` and `text`
  text::Value tools;     // none: no tools
  std::optional<std::string> system;
  std::optional<bool> thinking;

  // What only a chat template can honour, as typed; empty when there is nothing.
  std::string needs_template() const;
};

// Errors: invalid (nothing to say), corrupt (not UTF-8, not JSON, bad ids), io, not_found, over_budget.
Result<Prompt> read_prompt(const PromptOptions& options);

// Errors: unsupported when the model lacks what the prompt needs; those of its chat template and tokenizer.
Result<std::vector<int32_t>> encode_prompt(const Prompt& prompt, const Engine& engine);

}  // namespace sluice::cli

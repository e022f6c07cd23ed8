// What any of the interfaces asks for, in one form: parsers of dialects make it, prepare.cc takes it to the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/options.h"
#include "text/value.h"

namespace sluice::serve {

struct ToolChoice {
  enum class Kind { automatic, none, required, named };
  Kind kind = Kind::automatic;
  std::string name;  // of the one that must be called
};

struct AnswerFormat {
  enum class Kind { text, json_object, json_schema };
  Kind kind = Kind::text;
  text::Value schema;
};

// What is absent follows the model's own recommendation.
struct SamplingRequest {
  std::optional<double> temperature, top_p, min_p, presence_penalty, frequency_penalty, repetition_penalty;
  std::optional<int64_t> top_k;
  std::optional<uint64_t> seed;
};

struct GenerationRequest {
  size_t body_bytes = 0;  // of the request this was made from
  std::string model;

  // A conversation for the chat template, in OpenAI's form: role, content (a string), reasoning_content, tool_calls with
  // their arguments as objects. Or else a prompt that is continued as it is.
  text::Value messages;
  std::optional<std::string> prompt;
  std::vector<int32_t> prompt_tokens;
  bool echo = false;  // the prompt stands before its continuation

  text::Value tools;  // none, or a list in OpenAI's form
  bool strict_tools = false;  // somebody relies on arguments that fit their schemas
  ToolChoice tool_choice;
  bool parallel_tool_calls = true;
  AnswerFormat format;

  std::optional<bool> thinking;            // must be honoured
  bool think_by_default = true;            // where nobody said: as far as the template has a switch
  std::optional<int64_t> thinking_budget;  // tokens

  SamplingRequest sampling;
  std::vector<std::string> stop;
  std::optional<int64_t> max_tokens;  // absent: as far as the context goes
  std::optional<int32_t> top_chances;  // log probabilities are wanted, with so many rivals

  bool stream = false, include_usage = false;
};

}  // namespace sluice::serve

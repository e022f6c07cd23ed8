#include "serve/prepare.h"

#include <algorithm>
#include <ctime>
#include <random>

#include <fmt/format.h>

#include "text/chat_template.h"
#include "text/quote.h"
#include "text/tokenizer.h"

namespace sluice::serve {
namespace {

using text::Value;

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  ::localtime_r(&now, &out);
  return out;
}

bool wants_tools(const GenerationRequest& r) { return !r.tools.is_none() && r.tool_choice.kind != ToolChoice::Kind::none; }

Result<std::vector<text::Segment>> render(const Engine& engine, const GenerationRequest& r, std::optional<bool> thinking) {
  text::ChatInput input;
  input.messages = r.messages;
  if (wants_tools(r)) input.tools = r.tools;
  input.now = local_time();
  if (thinking) input.extra.set("enable_thinking", Value::boolean(*thinking));
  if (!engine.stop_tokens().empty()) input.eos_token = engine.tokenizer()->bytes(engine.stop_tokens()[0]);
  auto segments = engine.chat_template()->render(input);
  if (!segments.ok()) return std::move(segments).error().within("messages: this model's chat template");
  return segments;
}

bool ends_in_think(const std::vector<text::Segment>& segments) {
  std::string text = text::joined(segments);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text.ends_with("<think>");
}

// The template with thinking as it was asked for.
Result<std::vector<text::Segment>> render_thinking(const Engine& engine, const GenerationRequest& r) {
  std::optional<bool> thinking = r.thinking;
  if (!thinking && !r.think_by_default) thinking = false;
  SLUICE_TRY(auto segments, render(engine, r, thinking));
  if (r.thinking && ends_in_think(segments) != *r.thinking) {
    SLUICE_TRY(const auto opposite, render(engine, r, !*r.thinking));
    if (text::joined(segments) == text::joined(opposite)) {
      return Error{Code::unsupported, fmt::format("this model's chat template cannot switch thinking {}", *r.thinking ? "on" : "off")};
    }
  }
  return segments;
}

Result<ThinkingLimit> thinking_limit(const Engine& engine, int64_t budget) {
  const auto end = engine.tokenizer()->id_of("</think>");
  if (!end || !engine.tokenizer()->is_added(*end)) {
    return Error{Code::unsupported, "thinking_budget: this model has no token that ends its thinking"};
  }
  ThinkingLimit limit{budget, *end, {}};
  SLUICE_TRY(limit.close, engine.tokenizer()->encode("\n</think>\n\n", true));
  return limit;
}

SamplingOptions sampling_of(const SamplingRequest& r, SamplingOptions s) {
  auto put = [](auto& to, const auto& from) {
    if (from) to = static_cast<std::remove_reference_t<decltype(to)>>(*from);
  };
  put(s.temperature, r.temperature);
  put(s.top_p, r.top_p);
  put(s.min_p, r.min_p);
  put(s.presence_penalty, r.presence_penalty);
  put(s.frequency_penalty, r.frequency_penalty);
  put(s.repetition_penalty, r.repetition_penalty);
  if (r.top_k) s.top_k = static_cast<int32_t>(std::max<int64_t>(*r.top_k, 0));  // -1, as some clients write it: all
  s.top_p = std::max(s.top_p, 1e-6f);  // 0 keeps the likeliest
  s.seed = r.seed ? *r.seed : std::random_device()();
  return s;
}

Status prepare_chat(const Service& service, const GenerationRequest& r, Prepared& out) {
  const Engine& engine = service.scheduler.engine();
  if (!engine.chat_template_error().empty()) return Error{Code::unsupported, engine.chat_template_error()};
  if (engine.chat_template() == nullptr) return Error{Code::unsupported, "this model has no chat template; /v1/completions works"};
  SLUICE_TRY(const auto segments, render_thinking(engine, r));
  out.in_reasoning = ends_in_think(segments);
  out.calls = wants_tools(r);
  SLUICE_TRY(std::vector<int32_t> prompt, engine.tokenizer()->encode(segments));
  out.prompt = service.sampled.put_back(*engine.tokenizer(), engine.stop_tokens(), std::move(prompt), r.tools);
  SLUICE_TRY(out.options.constraint, service.grammars.constraint(engine, r, out.in_reasoning));
  if (out.in_reasoning && r.thinking_budget) {
    SLUICE_TRY(out.options.thinking, thinking_limit(engine, *r.thinking_budget));
  }
  return {};
}

}  // namespace

Result<Prepared> prepare(const Service& service, const GenerationRequest& r) {
  const Engine& engine = service.scheduler.engine();
  if (!r.model.empty() && !service.answers_to(r.model)) {
    return Error{Code::not_found, fmt::format("model: {} is not served here; {} is (--alias adds names)", text::quote_text(r.model.substr(0, 200)), service.model)};
  }
  if (engine.tokenizer() == nullptr) return Error{Code::unsupported, "this model has no tokenizer: it cannot be talked to"};
  Prepared out;
  if (r.messages.is_none()) {
    out.prompt = r.prompt_tokens;
    if (r.prompt) {
      SLUICE_TRY(out.prompt, engine.tokenizer()->encode(*r.prompt, false));
    }
    for (int32_t id : out.prompt) {
      if (id < 0 || id >= engine.info().vocab) return Error{Code::invalid, fmt::format("prompt: {} is no token of this model", id)};
    }
  } else {
    SLUICE_TRY_VOID(prepare_chat(service, r, out));
  }
  out.options.sampling = sampling_of(r.sampling, engine.recommended_sampling());
  out.options.stop = r.stop;
  out.options.max_tokens = r.max_tokens.value_or(service.scheduler.context());
  out.options.top_chances = r.top_chances.value_or(0);
  return out;
}

}  // namespace sluice::serve

#include "cli/chat/talk.h"

#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace sluice::cli {
namespace {

using text::Value;

constexpr auto kBetweenLooks = std::chrono::milliseconds(40);

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm out{};
  ::localtime_r(&now, &out);
  return out;
}

Result<std::vector<text::Segment>> render(const TalkRequest& r, const Engine& engine) {
  if (engine.tokenizer() == nullptr) return Error{Code::unsupported, "this model has no tokenizer: it cannot be talked to"};
  if (!engine.chat_template_error().empty()) return Error{Code::unsupported, engine.chat_template_error()};
  if (engine.chat_template() == nullptr) return Error{Code::unsupported, "this model has no chat template; sluice run continues a text"};
  const Value messages = Value::list();
  if (r.system) messages.push(text::chat_message("system", *r.system));
  for (const Value& message : r.messages.as_list().items) messages.push(message);
  text::ChatInput input;
  SLUICE_TRY(input.messages, text::normalize_messages(messages));
  input.tools = r.tools;
  input.now = local_time();
  if (r.thinking) input.extra.set("enable_thinking", Value::boolean(*r.thinking));
  if (!engine.stop_tokens().empty()) input.eos_token = engine.tokenizer()->bytes(engine.stop_tokens()[0]);
  auto segments = engine.chat_template()->render(input);
  if (!segments.ok()) return std::move(segments).error().within("chat template");
  return segments;
}

void gather(const text::OutputStream::Pieces& pieces, TalkAnswer& out) {
  out.reasoning += pieces.reasoning;
  for (const auto& part : pieces.parts) {
    out.content += part.content;
    out.calls.insert(out.calls.end(), part.call.begin(), part.call.end());
  }
}

}  // namespace

// What the engine's thread hands over.
struct Talk::Flow {
  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::string text;
  double prompt_share = 0;
  int64_t tokens = 0;
  std::optional<Result<Generation>> done;

  Request request(std::vector<int32_t> prompt, GenerateOptions options) {
    options.prompt_progress = [this](double share) {
      const std::lock_guard lock(mutex);
      prompt_share = share;
    };
    return {std::move(prompt), std::move(options), [this](int32_t token, std::string_view piece) {
              const std::lock_guard lock(mutex);
              prompt_share = 1;
              tokens += token >= 0 ? 1 : 0;
              text += piece;
            }};
  }

  void finish(Result<Generation> generation) {
    const std::lock_guard lock(mutex);
    done.emplace(std::move(generation));
    changed.notify_one();  // under the lock: the waiting thread destroys this object
  }
};

Result<std::shared_ptr<Constraint>> Talk::constraint(const Value& tools, bool in_reasoning) {
  if (tools.is_none()) return std::shared_ptr<Constraint>();
  const Engine& engine = scheduler_.engine();
  const std::string key = text::to_json(tools) + (in_reasoning ? "t" : "f");
  if (compiled_ == nullptr || key != compiled_for_) {
    if (trie_ == nullptr) {
      SLUICE_TRY(trie_, text::make_token_trie(*engine.tokenizer(), engine.stop_tokens()));
    }
    SLUICE_TRY(const text::ToolSyntax syntax, text::tool_syntax_of(*engine.chat_template()));
    SLUICE_TRY(compiled_, text::compile_tools(trie_, tools, {.syntax = syntax, .in_reasoning = in_reasoning}));
    compiled_for_ = key;
  }
  return compiled_->constraint();
}

Result<TalkAnswer> Talk::answer(const TalkRequest& r, std::atomic<bool>& cancel, const TalkEvents& events) {
  const Engine& engine = scheduler_.engine();
  SLUICE_TRY(const auto segments, render(r, engine));
  SLUICE_TRY(std::vector<int32_t> prompt, engine.tokenizer()->encode(segments));
  prompt = sampled_.put_back(*engine.tokenizer(), engine.stop_tokens(), std::move(prompt), r.tools);
  const bool in_reasoning = text::ends_in_reasoning(text::joined(segments));
  GenerateOptions options;
  SLUICE_TRY(options.constraint, constraint(r.tools, in_reasoning));
  options.sampling = sampling_with(r.settings, engine.recommended_sampling());
  options.max_tokens = static_cast<int64_t>(r.settings.max_tokens.value_or(static_cast<double>(scheduler_.context())));
  options.cancel = &cancel;

  TalkAnswer out;
  out.prompt_tokens = static_cast<int64_t>(prompt.size());
  text::OutputStream stream(in_reasoning, !r.tools.is_none());
  Flow flow;
  SLUICE_TRY(const uint64_t number, scheduler_.submit(flow.request(prompt, std::move(options)), [&flow](Result<Generation> g) { flow.finish(std::move(g)); }));
  static_cast<void>(number);
  for (bool done = false; !done;) {
    std::unique_lock lock(flow.mutex);
    flow.changed.wait_for(lock, kBetweenLooks, [&flow] { return flow.done.has_value(); });
    done = flow.done.has_value();
    std::string text;
    text.swap(flow.text);
    const double share = flow.prompt_share;
    const int64_t tokens = flow.tokens;
    lock.unlock();
    const auto pieces = stream.push(text);
    gather(pieces, out);
    events.pieces(pieces);
    if (!done) events.progress(share, tokens);
  }
  const auto rest = stream.finish();
  gather(rest, out);
  events.pieces(rest);
  if (!flow.done->ok()) return std::move(*flow.done).error();
  out.generation = std::move(*flow.done).value();
  sampled_.keep(*engine.tokenizer(), engine.stop_tokens(), prompt, out.generation.tokens, in_reasoning);
  return out;
}

}  // namespace sluice::cli

#include "serve/assembly.h"

#include <algorithm>
#include <utility>

#include "serve/identifier.h"
#include "serve/tool_arguments.h"

namespace sluice::serve {

Assembly::Assembly(const GenerationRequest& request, const Prepared& prepared)
    : request_(request), chat_(!request.messages.is_none()), stream_(prepared.in_reasoning, prepared.calls) {
  usage_.prompt = static_cast<int64_t>(prepared.prompt.size());
}

Piece Assembly::piece_of(text::OutputStream::Pieces pieces) {
  Piece out;
  out.reasoning = std::move(pieces.reasoning);
  for (auto& part : pieces.parts) {
    if (!request_.parallel_tool_calls && !out.calls.empty()) break;
    // Content between two calls of one piece comes before both: its place among them is nowhere kept.
    out.content += part.content;
    for (text::ToolCall& call : part.call) {
      out.calls.push_back({identifier("call_"), call.name, arguments_json(call, request_.tools)});
    }
  }
  return out;
}

Piece Assembly::push(const TokenEvent& event) {
  Piece out;
  if (chat_) {
    const bool reasoning = stream_.in_reasoning();
    out = piece_of(stream_.push(event.text));
    if (event.token >= 0 && reasoning) ++usage_.reasoning;
    const bool said = !reasoning && !stream_.in_call() && out.calls.empty() && !event.text.empty();
    if (event.chances && said) out.chances.push_back(*event.chances);
  } else {
    out.content = event.text;
    if (event.chances) out.chances.push_back(*event.chances);
  }
  if (event.token >= 0) ++usage_.completion;
  return out;
}

Piece Assembly::finish() { return chat_ && !full() ? piece_of(stream_.finish()) : Piece(); }

Usage Assembly::usage(int64_t cached) const {
  Usage out = usage_;
  out.cached = cached;
  return out;
}

Ending Assembly::ending(const Generation& generation) const {
  Ending out{Ending::Why::stop, generation.stop, usage(usage_.prompt - std::min(usage_.prompt, generation.stats.prompt_tokens))};
  switch (generation.finish) {
    case Finish::length: out.why = Ending::Why::length; break;
    case Finish::context_full: out.why = Ending::Why::context; break;
    case Finish::stop_string: out.why = Ending::Why::stop_string; break;
    case Finish::stop_token:
    case Finish::cancelled: break;
  }
  const bool cut = out.why == Ending::Why::length || out.why == Ending::Why::context;
  if (stream_.calls() > 0 && (!cut || full())) out.why = Ending::Why::tool_calls;
  return out;
}

}  // namespace sluice::serve

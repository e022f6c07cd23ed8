// Prompt in, tokens out: one answer, alone.
#include "runtime/answer.h"

namespace sluice::runtime {
namespace {

Status run(Answer& answer) {
  while (answer.reading()) SLUICE_TRY_VOID(answer.read(answer.session().state.capacity));
  for (;;) {
    SLUICE_TRY(const bool more, answer.choose());
    if (!more) return {};
    SLUICE_TRY_VOID(answer.step());
  }
}

}  // namespace

Result<Generation> generate(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TokenSink& sink, const PromptStops* stops) {
  Answer answer(session, prompt, options, sink, stops);
  SLUICE_TRY_VOID(answer.begin());
  return answer.end(run(answer));
}

}  // namespace sluice::runtime

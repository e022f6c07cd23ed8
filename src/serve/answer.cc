#include "serve/answer.h"

#include <utility>

namespace sluice::serve {
namespace {

// A client that is this far behind does not read: more than any socket holds, some minutes of a fast model.
constexpr size_t kMostUnread = size_t{4} << 20;

size_t bytes_of(const TokenEvent& event) {
  return sizeof event + event.text.size() + (event.chances ? event.chances->top.size() * sizeof event.chances->top[0] : 0);
}

}  // namespace

Result<std::shared_ptr<Answer>> Answer::start(Scheduler& scheduler, std::vector<int32_t> prompt, GenerateOptions options,
                                              bool chances) {
  std::shared_ptr<Answer> answer(new Answer());
  if (!answer->wake_.ok()) return Error{Code::over_budget, "no more files can be opened; try again later"};
  options.cancel = &answer->cancel_;
  if (chances) options.chances = [a = answer.get()](const TokenChances& c) { a->next_chances_ = c; };
  Request request{std::move(prompt), std::move(options), [a = answer.get()](int32_t token, std::string_view text) { a->push(token, text); }};
  // `done` holds the answer until the engine is through with it, whatever its client does.
  SLUICE_TRY([[maybe_unused]] const uint64_t number,
             scheduler.submit(std::move(request), [answer](Result<Generation> generation) { answer->finish(std::move(generation)); }));
  return answer;
}

void Answer::push(int32_t token, std::string_view text) {
  TokenEvent event{token, std::string(text), std::exchange(next_chances_, std::nullopt)};
  if (overflowed()) return;
  bool first = false, too_much = false;
  {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes_of(event);
    first = events_.empty();
    too_much = bytes_ > kMostUnread;
    if (!too_much) events_.push_back(std::move(event));
  }
  if (too_much) {
    overflowed_.store(true, std::memory_order_relaxed);
    cancel();
  }
  if (first) wake_.ring();
}

void Answer::finish(Result<Generation> generation) {
  {
    const std::lock_guard lock(mutex_);
    result_.emplace(std::move(generation));
  }
  wake_.ring();
}

std::vector<TokenEvent> Answer::take() {
  wake_.quiet();
  const std::lock_guard lock(mutex_);
  bytes_ = 0;
  taken_all_ = result_.has_value();
  return std::exchange(events_, {});
}

}  // namespace sluice::serve

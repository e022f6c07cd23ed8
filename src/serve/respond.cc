#include "serve/respond.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "serve/answer.h"
#include "serve/assembly.h"
#include "serve/prepare.h"

namespace sluice::serve {
namespace {

// Proxies and clients give up on a silent stream; so often it is told that somebody is still there.
constexpr std::chrono::milliseconds kPingTime{10'000};

// An answer that is never streamed, because its client went before its first byte or the server ends, ends with this.
struct Exchange {
  explicit Exchange(Service& s) : service(s) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    if (answer) answer->cancel();
  }

  Service& service;
  GenerationRequest request;
  Prepared prepared;
  std::shared_ptr<Answer> answer;
  std::shared_ptr<AnswerWriter> writer;
};

enum class Run { finished, gone };

// Before its client can send it back.
void remember(const Exchange& x, const Generation& g) {
  const Engine& engine = x.service.scheduler.engine();
  if (x.request.messages.is_none()) return;
  x.service.sampled.keep(*engine.tokenizer(), engine.stop_tokens(), x.prepared.prompt, g.tokens, x.prepared.in_reasoning);
}

// Pieces as they come, until the answer is complete, or its client has gone.
Run run(Answer& answer, Assembly& assembly, Peer& peer, const std::function<bool(const Piece&)>& take, const std::function<bool()>& ping) {
  for (;;) {
    bool going = true;
    for (const TokenEvent& event : answer.take()) {
      if (assembly.full()) answer.cancel();
      if (going && !assembly.full()) going = take(assembly.push(event));
    }
    if (assembly.full()) answer.cancel();
    if (!going || answer.overflowed()) break;
    if (answer.result() != nullptr) return Run::finished;
    const Waited waited = peer.wait(answer.wake(), kPingTime);
    if (waited == Waited::gone || (waited == Waited::timeout && !ping())) break;
  }
  answer.cancel();
  return Run::gone;
}

void stream_answer(Exchange& x, Peer& peer) {
  Assembly assembly(x.request, x.prepared);
  AnswerWriter& w = *x.writer;
  if (!peer.write(w.open(assembly.usage(0)))) return x.answer->cancel();
  auto take = [&](const Piece& piece) { return piece.empty() || peer.write(w.piece(piece)); };
  if (run(*x.answer, assembly, peer, take, [&] { return peer.write(w.ping()); }) == Run::gone) return;
  const Result<Generation>& result = *x.answer->result();
  if (result.ok()) remember(x, *result);
  if (!result.ok()) {
    peer.write(w.failure(result.error()));
  } else if (take(assembly.finish())) {
    peer.write(w.close(assembly.ending(*result)));
  }
}

void add(const Piece& piece, Piece& all) {
  all.reasoning += piece.reasoning;
  all.content += piece.content;
  all.calls.insert(all.calls.end(), piece.calls.begin(), piece.calls.end());
  all.chances.insert(all.chances.end(), piece.chances.begin(), piece.chances.end());
}

HttpResponse whole_answer(const Exchange& x, Peer& peer, Dialect dialect) {
  Assembly assembly(x.request, x.prepared);
  Piece all;
  auto take = [&](const Piece& piece) {
    add(piece, all);
    return true;
  };
  if (run(*x.answer, assembly, peer, take, [] { return true; }) == Run::gone) return wire_error(dialect, {503, "the client has gone, or the server ends"});
  const Result<Generation>& result = *x.answer->result();
  if (!result.ok()) return wire_error(dialect, http_error(result.error()));
  remember(x, *result);
  add(assembly.finish(), all);
  return {200, "application/json", x.writer->whole(all, assembly.ending(*result))};
}

HttpResponse refused(const Service& service, const Error& error, Dialect dialect) {
  HttpResponse out = wire_error(dialect, http_error(error));
  if (out.status == 429) {
    const SchedulerStatus s = service.scheduler.status();
    const double wait = s.request_s / std::max(1, s.sessions);  // until one place is free
    out.headers.emplace_back("Retry-After", fmt::format("{}", static_cast<int>(std::clamp(std::ceil(wait), 1.0, 60.0))));
  }
  return out;
}

// From this size on a request is rendered and tokenised in its turn: what takes long must not take every core.
constexpr size_t kLargeBody = 128 << 10;

// Whoever goes meanwhile, or the server's end, needs no turn.
Result<Prepared> prepare_in_turn(const Service& service, const GenerationRequest& request, Peer& peer) {
  struct Turn {
    ~Turn() { turns.give_back(); }
    Turns& turns;
  };
  if (request.body_bytes < kLargeBody) return prepare(service, request);
  const Wake never;
  while (!service.preparing.take(std::chrono::milliseconds(50))) {
    if (peer.wait(never, std::chrono::milliseconds(0)) == Waited::gone) return Error{Code::cancelled, "the client has gone, or the server ends"};
  }
  const Turn turn{service.preparing};
  return prepare(service, request);
}

}  // namespace

HttpResponse respond(Service& service, GenerationRequest request, Peer& peer, Dialect dialect, std::shared_ptr<AnswerWriter> writer) {
  auto x = std::make_shared<Exchange>(service);
  x->request = std::move(request);
  x->writer = std::move(writer);
  auto prepared = prepare_in_turn(service, x->request, peer);
  if (!prepared.ok()) {
    Error error = prepared.error();
    if (error.code == Code::over_budget) error.code = Code::invalid;  // too large in itself: no wait helps
    return wire_error(dialect, http_error(error));
  }
  x->prepared = std::move(prepared).value();
  auto answer = Answer::start(service.scheduler, x->prepared.prompt, x->prepared.options, x->request.top_chances.has_value());
  if (!answer.ok()) return refused(service, answer.error(), dialect);
  x->answer = std::move(answer).value();
  if (!x->request.stream) return whole_answer(*x, peer, dialect);
  HttpResponse out{200, "text/event-stream", ""};
  out.stream = [x](Peer& to) { stream_answer(*x, to); };
  return out;
}

}  // namespace sluice::serve

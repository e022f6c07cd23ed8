// The engine's thread and what it shares with its callers: RequestQueue in front, AnswerLoop behind.
#include "sluice/scheduler.h"

#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "runtime/answer_loop.h"
#include "runtime/engine_parts.h"
#include "runtime/model_key.h"

namespace sluice {
namespace {

// Null where none is wanted.
Result<std::unique_ptr<runtime::SnapshotFolder>> open_folder(Engine& engine, const Session::Parts& session, const SchedulerOptions& o) {
  if (o.snapshots.empty()) return std::unique_ptr<runtime::SnapshotFolder>();
  if (engine.memory().snapshots == 0) {
    return Error{Code::invalid, "snapshots on disk need memory to be read into: none is set aside for them"};
  }
  SLUICE_TRY(const uint64_t key, runtime::model_key(engine.parts()));
  return runtime::SnapshotFolder::open(o.snapshots, o.snapshots_size, runtime::snapshot_shape(session), key);
}

}  // namespace

struct Scheduler::Parts {
  Parts(std::unique_ptr<Engine> e, int32_t max_queue)
      : engine(std::move(e)), saved{runtime::PrefixStore(engine->memory().snapshots), nullptr}, queue(max_queue, engine->memory().sessions) {}

  std::unique_ptr<Engine> engine;
  runtime::SavedPrefixes saved;
  runtime::RequestQueue queue;
  std::optional<runtime::ExpertMapBoard> map;
  std::optional<runtime::AnswerLoop> loop;  // the thread's own
  std::thread thread;
};

Scheduler::Scheduler(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Scheduler>> Scheduler::start(std::unique_ptr<Engine> engine, const SchedulerOptions& options) {
  if (options.max_queue < 0) return Error{Code::invalid, fmt::format("a queue of {}: must not be negative", options.max_queue)};
  auto parts = std::make_unique<Parts>(std::move(engine), options.max_queue);
  std::vector<std::unique_ptr<Session>> sessions;
  for (int32_t i = 0; i < parts->engine->memory().sessions; ++i) {
    SLUICE_TRY(sessions.emplace_back(), parts->engine->new_session());
  }
  SLUICE_TRY(parts->saved.folder, open_folder(*parts->engine, sessions.front()->parts(), options));
  parts->map.emplace(*parts->engine);
  parts->loop.emplace(parts->engine->parts(), std::move(sessions), parts->saved, parts->queue, *parts->map);
  try {
    parts->thread = std::thread([&loop = *parts->loop] { loop.run(); });
  } catch (const std::system_error& error) {
    return Error{Code::io, fmt::format("the engine's thread cannot be started: {}", error.what())};
  }
  return std::unique_ptr<Scheduler>(new Scheduler(std::move(parts)));
}

Scheduler::~Scheduler() {
  std::deque<runtime::Waiting> never = parts_->queue.stop();
  parts_->thread.join();
  for (runtime::Waiting& each : never) each.done(Error{Code::cancelled, "the server is ending"});
}

Result<uint64_t> Scheduler::submit(Request request, Done done) {
  if (request.prompt.empty()) return Error{Code::invalid, "the prompt is empty"};
  const auto tokens = static_cast<int64_t>(request.prompt.size());
  if (tokens >= context()) {
    return Error{Code::invalid, fmt::format("the conversation has {} tokens, and the context holds {}; shorten it, or serve with a larger --ctx",
                                            tokens, context())};
  }
  return parts_->queue.submit(std::move(request), std::move(done));
}

SchedulerStatus Scheduler::status() const { return parts_->queue.status(); }
ExpertMap Scheduler::experts() const { return parts_->map->read(); }
const Engine& Scheduler::engine() const { return *parts_->engine; }
int64_t Scheduler::context() const { return parts_->engine->memory().context; }

}  // namespace sluice

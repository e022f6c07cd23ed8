#include "runtime/answer_loop.h"

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"
#include "runtime/engine_parts.h"

namespace sluice::runtime {
namespace {

// Most prompt tokens taken in at once while others wait for their next token.
constexpr int64_t kChunkBesideOthers = 256;

}  // namespace

AnswerLoop::AnswerLoop(Engine::Parts& engine, std::vector<std::unique_ptr<Session>> sessions, SavedPrefixes& saved, RequestQueue& queue, ExpertMapBoard& map)
    : engine_(engine), saved_(saved), queue_(queue), map_(map) {
  SLUICE_CHECK(!sessions.empty() && sessions.size() <= size_t{device::kMostParts});
  for (auto& each : sessions) seats_.emplace_back(std::move(each), saved_);
  together_.reserve(seats_.size());
  publish_prefixes();
}

void AnswerLoop::run() {
  for (;;) {
    admit();
    if (taken_ == 0) return;
    decode();
    if (any(true) && (owed_ <= 0 || !any(false))) read();
  }
}

// Gives free seats to those who wait; waits itself where it has nothing else to do.
void AnswerLoop::admit() {
  while (taken_ < seats_.size()) {
    if (taken_ == 0) warm_up();
    std::optional<Waiting> next = queue_.take(taken_ == 0);
    if (!next) return;
    if (cancelled(next->request)) {
      queue_.update([](SchedulerStatus& status) { --status.running, ++status.cancelled; });
      next->done(nothing_said());
      continue;
    }
    begin(choose_seat(next->request.prompt), std::move(*next));
  }
}

// Reads what the first tokens will want, until somebody asks for something.
void AnswerLoop::warm_up() {
  bool read = false;
  while (queue_.idle() && engine_.experts->warm_up()) {
    read = true;
    map_.publish();
  }
  if (!read) return;
  map_.publish(true);
  queue_.update([this](SchedulerStatus& status) { status.bytes_read = engine_.experts->counters().bytes_read; });
}

// Of the free ones, that whose session holds most of the prompt, else the one not used for longest.
AnswerLoop::Seat& AnswerLoop::choose_seat(std::span<const int32_t> prompt) {
  Seat* best = nullptr;
  size_t most = 0;
  for (Seat& seat : seats_) {
    if (seat.taken) continue;
    const size_t own = seat.prefixes.own(prompt);
    if (best == nullptr || own > most || (own == most && seat.used < best->used)) best = &seat, most = own;
  }
  return *best;
}

void AnswerLoop::begin(Seat& seat, Waiting waiting) {
  if (taken_++ == 0) rates_.begin(engine_.experts->counters());
  seat.used = ++turn_;
  seat.from = Clock::now();
  seat.taken = std::move(waiting);
  Request& r = seat.taken->request;
  const std::span<const int32_t> prompt(r.prompt);
  seat.reused = seat.prefixes.prepare(prompt);
  seat.stop_at = seat.prefixes.stops(prompt, seat.reused);
  for (size_t& stop : seat.stop_at) stop -= seat.reused;
  seat.stops = {prompt.first(seat.reused), seat.stop_at, [&seat, prompt](size_t taken) { seat.prefixes.save(prompt.first(seat.reused + taken)); }};
  r.options.prompt_progress = [this, progress = std::move(r.options.prompt_progress)](double share) {
    look(false);
    queue_.update([share](SchedulerStatus& status) { status.prompt_share = share; });
    if (progress) progress(share);
  };
  seat.sink = [this, &r](int32_t token, std::string_view text) {
    if (token >= 0) {
      rates_.token();
      queue_.generated();
    }
    look(true);
    if (r.sink) r.sink(token, text);
  };
  seat.answer.emplace(seat.session->parts(), prompt.subspan(seat.reused), r.options, seat.sink, &seat.stops);
  if (Status begun = seat.answer->begin(); !begun.ok()) end(seat, std::move(begun));
}

bool AnswerLoop::any(bool reading) const {
  return std::any_of(seats_.begin(), seats_.end(), [=](const Seat& s) { return s.answer && s.answer->reading() == reading; });
}

// A token for everybody whose prompt is known.
void AnswerLoop::decode() {
  const auto from = Clock::now();
  together_.clear();
  for (Seat& seat : seats_) {
    if (!seat.answer || seat.answer->reading()) continue;
    const Result<bool> more = seat.answer->choose();
    if (!more.ok()) end(seat, more.error());
    else if (!*more) end(seat, {});
    else together_.push_back(&*seat.answer);
  }
  if (together_.empty()) return;
  const Result<size_t> stepped = step_together(together_, logits_);
  owed_ -= seconds_since(from);
  if (stepped.ok()) {
    passes_ += *stepped > 0 ? 1 : 0;
    passed_ += *stepped;
    return;
  }
  for (Seat& seat : seats_) {
    if (seat.answer && !seat.answer->reading() && seat.session->parts().broken) end(seat, stepped.error());
  }
}

// A chunk of the next prompt that is being taken in. Others then decode for as long as it took.
void AnswerLoop::read() {
  Seat* seat = nullptr;
  while (seat == nullptr) {
    Seat& next = seats_[next_reader_++ % seats_.size()];
    if (next.answer && next.answer->reading()) seat = &next;
  }
  const auto from = Clock::now();
  const int64_t chunk = engine_.memory.chunk;
  Status status = seat->answer->read(any(false) ? std::min(chunk, kChunkBesideOthers) : chunk);
  owed_ = seconds_since(from);
  if (!status.ok()) end(*seat, std::move(status));
}

void AnswerLoop::end(Seat& seat, Status status) {
  auto generation = seat.answer->end(std::move(status));
  look(true, true);
  Waiting taken = std::move(*seat.taken);
  const bool usable = generation.ok() && !(generation->finish == Finish::cancelled && generation->tokens.empty());
  std::vector<int32_t> held;
  if (usable) {
    held = std::move(taken.request.prompt);
    held.insert(held.end(), generation->tokens.begin(), generation->tokens.end());
  }
  settle(generation, seat);
  seat.answer.reset();
  seat.taken.reset();
  --taken_;
  publish_prefixes();
  taken.done(std::move(generation));
  // The answer is out: saving it makes only others wait.
  if (usable) seat.prefixes.answered(std::move(held));
  else seat.prefixes.failed();
  publish_prefixes();
}

void AnswerLoop::settle(const Result<Generation>& g, const Seat& seat) {
  busy_s_ += seconds_since(seat.from);
  const size_t prompt = seat.stops.known.size() + (g.ok() ? static_cast<size_t>(g->stats.prompt_tokens) : 0);
  queue_.update([&](SchedulerStatus& status) {
    --status.running;
    status.prompt_share.reset();
    ++(!g.ok() ? status.failed : g->finish == Finish::cancelled ? status.cancelled : status.finished);
    const auto ended = static_cast<double>(status.finished + status.cancelled + status.failed);
    status.request_s = busy_s_ / std::max(1.0, ended);
    if (!g.ok()) return;
    status.prompt_tokens += prompt;
    status.reused_tokens += seat.reused;
    status.limit_tok_s = g->stats.limit_tok_s;
  });
}

void AnswerLoop::publish_prefixes() {
  queue_.update([this](SchedulerStatus& status) {
    status.snapshots = saved_.store.size();
    status.snapshot_bytes = saved_.store.bytes();
    status.snapshots_saved = saved_.saved;
    status.snapshots_restored = saved_.restored;
    if (saved_.folder == nullptr) return;
    const FolderCounters disk = saved_.folder->counters();
    status.snapshot_files = disk.files;
    status.snapshot_file_bytes = disk.bytes;
    status.snapshot_bytes_written = disk.written_bytes;
    status.snapshot_files_read = disk.read;
    status.snapshot_files_refused = disk.refused;
    status.snapshot_writes_put_off = disk.put_off;
    status.snapshot_writes_failed = disk.failed;
  });
}

// Publishes the counters, not more often than somebody could look.
void AnswerLoop::look(bool decoding, bool last) {
  if (!last && !rates_.due()) return;
  const ExpertCounters& now = engine_.experts->counters();
  rates_.sample(now, decoding);
  map_.publish(last);
  queue_.update([&](SchedulerStatus& status) {
    status.tok_s = rates_.tok_s();
    status.hit_rate = rates_.hit_rate();
    status.ssd_gb_s = rates_.ssd_gb_s();
    status.expert_hits = now.hits;
    status.expert_misses = now.misses + now.foreseen;
    status.bytes_read = now.bytes_read;
    status.decode_passes = passes_;
    status.decode_pass_tokens = passed_;
  });
}

}  // namespace sluice::runtime

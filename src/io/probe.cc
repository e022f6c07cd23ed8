#include "io/probe.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>

#include "base/arena.h"
#include "io/backend.h"
#include "io/direct.h"
#include "io/probe_walk.h"

namespace sluice::io {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

void drop_from_page_cache(const File& file) {
#ifdef POSIX_FADV_DONTNEED
  ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
#else
  static_cast<void>(file);
#endif
}

// One cell under way: `depth` reads in flight until the time is over.
class Cell {
 public:
  Cell(const File& file, Queue& queue, ProbeWalk& walk, const Arena& memory, ProbeCell& cell)
      : file_(file), queue_(queue), walk_(walk), memory_(memory), cell_(cell) {
    const auto depth = static_cast<size_t>(cell.depth);
    requests_.resize(depth);
    begun_.resize(depth);
  }

  Status run(double seconds) {
    walk_.begin_cell(cell_.size);
    drop_from_page_cache(file_);
    passes_ = walk_.passes();
    const auto start = Clock::now();
    for (size_t i = 0; i < requests_.size(); ++i) submit(i);
    // Counted to the last completion within the time: while the rest drain, fewer than `depth` are in flight.
    for (bool running = true; queue_.in_flight() > 0;) {
      Completion done[16];
      const size_t n = queue_.wait(done);
      const auto now = Clock::now();
      for (size_t k = 0; k < n; ++k) {
        const Request& request = requests_[done[k].tag];
        if (!done[k].ok()) return drain(describe(request, done[k]));
        if (!running) continue;
        latencies_.push_back(seconds_between(begun_[done[k].tag], now) * 1e3);
        cell_.bytes += request.bytes;
        submit(done[k].tag);
      }
      if (running) cell_.seconds = seconds_between(start, now);
      running = running && cell_.seconds < seconds;
    }
    note_latencies();
    return {};
  }

 private:
  void submit(size_t i) {
    const uint64_t offset = walk_.next();
    if (walk_.passes() != passes_) {
      passes_ = walk_.passes();
      drop_from_page_cache(file_);
    }
    std::byte* room = memory_.data() + i * align_up(cell_.size, 4096);
    requests_[i] = {.file = &file_, .offset = offset, .dst = room, .bytes = cell_.size, .tag = i};
    begun_[i] = Clock::now();
    queue_.submit({&requests_[i], 1});
  }

  // The memory must outlive the reads.
  Error drain(Error error) {
    Completion done[16];
    while (queue_.in_flight() > 0) queue_.wait(done);
    return error;
  }

  void note_latencies() {
    for (const double ms : latencies_) cell_.mean_ms += ms / static_cast<double>(latencies_.size());
    const auto at = latencies_.begin() + static_cast<ptrdiff_t>(latencies_.size() * 99 / 100);
    std::nth_element(latencies_.begin(), at, latencies_.end());
    cell_.p99_ms = *at;
  }

  const File& file_;
  Queue& queue_;
  ProbeWalk& walk_;
  const Arena& memory_;
  ProbeCell& cell_;
  uint64_t passes_ = 0;
  std::vector<Request> requests_;
  std::vector<Clock::time_point> begun_;
  std::vector<double> latencies_;
};

// The cells to measure, empty yet.
std::vector<ProbeCell> plan(const ProbeOptions& options, uint64_t file_bytes, bool direct) {
  std::vector<ProbeCell> cells;
  for (const Mode mode : options.modes) {
    if (mode == Mode::direct && !direct) continue;
    for (const uint64_t size : options.sizes) {
      for (const int32_t depth : options.depths) {
        if (size > 0 && size <= file_bytes && depth > 0) cells.push_back({.mode = mode, .size = size, .depth = depth});
      }
    }
  }
  return cells;
}

// The name of the first backend that runs here, when none is named.
Result<std::string> backend_name(const std::string& name) {
  if (!name.empty()) return name;
  for (const Backend& backend : backends()) {
    if (backend.make({}).ok()) return std::string(backend.name);
  }
  return Error{Code::unsupported, "no io backend runs on this system"};
}

Status measure(const File& file, const ProbeOptions& options, const Arena& memory, ProbeWalk& walk,
               const std::string& backend, ProbeCell& cell) {
  SLUICE_TRY(const auto queue, make_queue(backend, {.capacity = static_cast<size_t>(cell.depth),
                                                    .threads = cell.depth,
                                                    .depth = options.piece == 0 ? cell.depth : 64,
                                                    .piece = options.piece,
                                                    .registered = {memory.data(), memory.size()}}));
  return Cell(file, *queue, walk, memory, cell).run(options.seconds);
}

}  // namespace

const ProbeCell* Probe::knee(Mode mode) const {
  double best = 0;
  for (const ProbeCell& cell : cells) best = cell.mode == mode ? std::max(best, cell.gb_s()) : best;
  const ProbeCell* knee = nullptr;
  const auto in_flight = [](const ProbeCell& cell) { return cell.size * static_cast<uint64_t>(cell.depth); };
  for (const ProbeCell& cell : cells) {
    if (cell.mode != mode || cell.gb_s() < 0.95 * best) continue;
    if (knee == nullptr || in_flight(cell) < in_flight(*knee)) knee = &cell;
  }
  return knee;
}

Result<Probe> probe_file(const std::string& path, const ProbeOptions& options) {
  Probe probe;
  SLUICE_TRY(const File buffered, File::open(path));
  const auto direct = File::open(path, Mode::direct);
  if (!direct.ok()) probe.direct_refused = direct.error().message;
  probe.alignment = direct.ok() ? direct->alignment() : 0;
  probe.file_bytes = buffered.size();
  SLUICE_TRY(probe.backend, backend_name(options.backend));
  probe.cells = plan(options, buffered.size(), direct.ok());
  if (probe.cells.empty()) {
    return Error{Code::invalid, fmt::format("{}: {} bytes: nothing to measure in it", path, buffered.size())};
  }
  uint64_t block = 0, room = 0;
  for (const ProbeCell& cell : probe.cells) {
    block = std::max(block, cell.size);
    room = std::max(room, align_up(cell.size, 4096) * static_cast<uint64_t>(cell.depth));
  }
  SLUICE_TRY(const Arena memory, Arena::map(room));
  std::memset(memory.data(), 1, memory.size());  // no page fault while the clock runs
  ProbeWalk walk(buffered.size(), block, std::random_device()());
  for (size_t i = 0; i < probe.cells.size(); ++i) {
    if (options.go_on && !options.go_on(i, probe.cells.size())) return Error{Code::cancelled, "interrupted"};
    ProbeCell& cell = probe.cells[i];
    const File& file = cell.mode == Mode::direct ? *direct : buffered;
    SLUICE_TRY_VOID(measure(file, options, memory, walk, probe.backend, cell));
  }
  probe.passes = walk.passes();
  return probe;
}

}  // namespace sluice::io

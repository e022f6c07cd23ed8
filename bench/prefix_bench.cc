// How long the first token of a conversation's next turn takes, against that of its first turn: with the state in memory, and
// after a restart with the state on disk. A prompt of so many tokens, then an answer of eight and 24 words more. Between the
// first and the second turn another conversation of 100 tokens is answered. The restarted server is asked after a pause.
//   prefix_bench [TOKENS [ROUNDS [MODEL [MEMORY in bytes [KV [PAUSE in ms]]]]]]
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "sluice/scheduler.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

struct Setting {
  size_t tokens = 3800;
  std::string model = SLUICE_SOURCE_DIR "/models/demo.gguf";
  uint64_t memory_bytes = 0;  // 0: as the engine takes it
  std::string kv = "f32";
  int pause_ms = 0;
};

std::unique_ptr<Scheduler> start(const std::string& folder, const Setting& setting) {
  EngineOptions o;
  o.model = setting.model;
  o.context = static_cast<int64_t>(setting.tokens + 256);
  o.memory_bytes = setting.memory_bytes;
  o.kv = setting.kv;
  o.snapshot_bytes = int64_t{512} << 20;
  o.use_counts = folder + ".uses";  // as the server does
  SchedulerOptions scheduler;
  scheduler.snapshots = folder;
  auto engine = Engine::open(o);
  auto out = engine.ok() ? Scheduler::start(std::move(engine).value(), scheduler) : Result<std::unique_ptr<Scheduler>>(engine.error());
  if (!out.ok()) std::fprintf(stderr, "%s\n", out.error().message.c_str()), std::exit(1);
  return std::move(out).value();
}

// Milliseconds to the first token; the answer is put behind the prompt.
double first_token(Scheduler& scheduler, std::vector<int32_t>& prompt) {
  std::promise<Result<Generation>> done;
  double seconds = -1;
  const auto from = Clock::now();
  Request request;
  request.prompt = prompt;
  request.options.max_tokens = 8;
  request.options.ignore_eos = true;
  request.sink = [&](int32_t, std::string_view) {
    if (seconds < 0) seconds = std::chrono::duration<double>(Clock::now() - from).count();
  };
  if (!scheduler.submit(std::move(request), [&](Result<Generation> g) { done.set_value(std::move(g)); }).ok()) std::exit(1);
  const auto answer = done.get_future().get();
  if (!answer.ok()) std::exit(1);
  prompt.insert(prompt.end(), answer->tokens.begin(), answer->tokens.end());
  return 1000 * seconds;
}

void add_words(std::vector<int32_t>& prompt, size_t count, uint32_t seed) {
  for (size_t i = 0; i < count; ++i) prompt.push_back(static_cast<int32_t>((seed * 977 + i * 131) % 4000));
}

// Milliseconds to the first token.
struct Times {
  double first, second, restarted;
};

Times round(const Setting& setting, uint32_t seed) {
  const std::string folder = (std::filesystem::temp_directory_path() / ("prefix_bench-" + std::to_string(::getpid()))).string();
  std::vector<int32_t> prompt;
  add_words(prompt, setting.tokens, seed);
  Times out{};
  {
    const auto scheduler = start(folder, setting);
    std::vector<int32_t> other;
    add_words(other, 100, seed + 7);
    out.first = first_token(*scheduler, prompt);
    first_token(*scheduler, other);
    add_words(prompt, 24, seed + 1);
    out.second = first_token(*scheduler, prompt);
  }
  const auto scheduler = start(folder, setting);
  std::this_thread::sleep_for(std::chrono::milliseconds(setting.pause_ms));
  add_words(prompt, 24, seed + 2);
  out.restarted = first_token(*scheduler, prompt);
  const SchedulerStatus s = scheduler->status();
  std::printf("first %.1f ms  second %.1f ms (%.2f %%)  restarted %.1f ms (%.2f %%)  reused %llu of %llu  on disk %.1f MB\n", out.first,
              out.second, 100 * out.second / out.first, out.restarted, 100 * out.restarted / out.first,
              static_cast<unsigned long long>(s.reused_tokens), static_cast<unsigned long long>(s.prompt_tokens),
              static_cast<double>(s.snapshot_file_bytes) / 1e6);
  std::fflush(stdout);
  std::filesystem::remove_all(folder);
  std::filesystem::remove(folder + ".uses");
  return out;
}

double median(const std::vector<Times>& all, double Times::* which) {
  std::vector<double> values;
  for (const Times& each : all) values.push_back(each.*which);
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::Setting setting;
  if (argc > 1) setting.tokens = static_cast<size_t>(std::max(std::atoi(argv[1]), 100));
  const int rounds = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 5;
  if (argc > 3) setting.model = argv[3];
  if (argc > 4) setting.memory_bytes = std::strtoull(argv[4], nullptr, 10);
  if (argc > 5) setting.kv = argv[5];
  if (argc > 6) setting.pause_ms = std::max(std::atoi(argv[6]), 0);
  std::vector<sluice::Times> all;
  for (int i = 0; i < rounds; ++i) all.push_back(sluice::round(setting, static_cast<uint32_t>(3 * i + 1)));
  const double first = sluice::median(all, &sluice::Times::first), second = sluice::median(all, &sluice::Times::second);
  const double restarted = sluice::median(all, &sluice::Times::restarted);
  std::printf("medians of %d: first %.1f ms  second %.1f ms (%.2f %%)  restarted %.1f ms (%.2f %%)\n", rounds, first, second,
              100 * second / first, restarted, 100 * restarted / first);
}

// What answering several requests at once gives: tokens a second of decoding, all streams together, and bytes a token; one after
// the other and together, in turn. Prompts do not count: together, what is decoded while some prompt is being read is left out. Every answer must have the same tokens both ways.
//   streams_bench MODEL MEMORY_MB [STREAMS [TOKENS [ROUNDS [LOOKAHEAD]]]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <vector>

#include "sluice/scheduler.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

struct Setting {
  std::string model;
  uint64_t memory = 0;
  int32_t streams = 4;
  int64_t tokens = 64;
  std::string lookahead = "auto";
};

std::vector<int32_t> prompt_of(const Engine& engine, int32_t stream) {
  static const char* const kTexts[] = {"Tell me a story about a fox.", "The old woman walked to the river and", "What is the weather in Cairo?", "One, two, three,"};
  const std::string text = std::string(kTexts[stream % 4]) + (stream < 4 ? "" : std::to_string(stream));
  if (engine.tokenizer() != nullptr) return engine.tokenizer()->encode(text, false).value();
  std::vector<int32_t> out;
  for (int32_t i = 0; i < 8; ++i) out.push_back((stream * 7919 + i * 104729) % engine.info().vocab);
  return out;
}

struct Outcome {
  double tok_s = 0, touched = 0, read = 0, hit_rate = 0, stalled = 0, gb_s = 0, a_pass = 0;
  PhaseTimes phases;
  std::vector<std::vector<int32_t>> answers;
};

// From the last stream's first token to the first stream's last.
double rate(const std::vector<std::vector<Clock::time_point>>& times) {
  Clock::time_point from = times.front().front(), to = times.front().back();
  for (const auto& each : times) from = std::max(from, each.front()), to = std::min(to, each.back());
  double tokens = 0;
  for (const auto& each : times) tokens += static_cast<double>(std::count_if(each.begin(), each.end(), [=](auto t) { return t > from && t <= to; }));
  return tokens / std::chrono::duration<double>(to - from).count();
}

Outcome run(const Setting& s, bool together) {
  EngineOptions o;
  o.model = s.model;
  o.memory_bytes = s.memory;
  o.context = 1024;
  o.lookahead = s.lookahead;
  o.sessions = together ? s.streams : 1;
  auto engine = Engine::open(o);
  if (!engine.ok()) std::fprintf(stderr, "%s\n", engine.error().message.c_str()), std::exit(1);
  std::vector<Request> requests;
  for (int32_t i = 0; i < s.streams; ++i) {
    Request& r = requests.emplace_back();
    r.prompt = prompt_of(**engine, i);
    r.options.max_tokens = s.tokens;
    r.options.ignore_eos = true;
    r.options.sampling.temperature = 0.8f;
    r.options.sampling.seed = static_cast<uint64_t>(i);
  }
  auto scheduler = Scheduler::start(std::move(engine).value(), {}).value();
  std::vector<std::promise<Generation>> done(requests.size());
  std::vector<std::vector<Clock::time_point>> times(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    times[i].reserve(static_cast<size_t>(s.tokens) + 1);
    requests[i].sink = [&own = times[i]](int32_t, std::string_view) { own.push_back(Clock::now()); };
    if (!scheduler->submit(std::move(requests[i]), [&done, i](Result<Generation> g) { done[i].set_value(g.ok() ? std::move(g).value() : Generation()); }).ok()) std::exit(1);
  }
  Outcome out;
  double tokens = 0, seconds = 0;
  for (auto& each : done) {
    const Generation g = each.get_future().get();
    const auto n = static_cast<double>(g.stats.decode_tokens);
    tokens += n;
    seconds += g.stats.decode_s;
    out.touched += n * g.stats.expert_bytes_per_token;
    out.read += n * g.stats.ssd_bytes_per_token;
    out.hit_rate += n * g.stats.hit_rate;
    out.stalled += n * g.stats.stall_share;
    out.gb_s += n * g.stats.ssd_gb_s;
    out.phases.add(g.stats.decode_phases);
    out.answers.push_back(g.tokens);
  }
  out.tok_s = together ? rate(times) : tokens / seconds;
  out.phases.add(out.phases, 1000 / tokens - 1);
  out.touched /= tokens * 1e6, out.read /= tokens * 1e6, out.hit_rate /= tokens, out.stalled /= tokens, out.gb_s /= tokens;
  const SchedulerStatus status = scheduler->status();
  out.a_pass = static_cast<double>(status.decode_pass_tokens) / static_cast<double>(status.decode_passes);
  return out;
}

void print(const char* how, const Outcome& o) {
  std::printf("%-9s %8.2f tok/s, %8.2f MB of experts and %8.2f MB read a token at %.2f GB/s, %4.1f %% hits, %4.1f %% stalled, %.2f tokens a pass\n",
              how, o.tok_s, o.touched, o.read, o.gb_s, 100 * o.hit_rate, 100 * o.stalled, o.a_pass);
  const PhaseTimes& p = o.phases;
  std::printf("          ms a token: experts %.2f, waiting %.2f, attention %.2f, delta net %.2f, shared %.2f, router %.2f, look-ahead %.2f, head %.2f, other %.2f\n",
              p.experts, p.io_wait, p.attention, p.delta_net, p.shared, p.router, p.lookahead, p.head, p.other);
  std::fflush(stdout);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "streams_bench MODEL MEMORY_MB [STREAMS [TOKENS [ROUNDS [LOOKAHEAD]]]]\n"), 2;
  sluice::Setting s{argv[1], std::strtoull(argv[2], nullptr, 10) * 1'000'000};
  if (argc > 3) s.streams = std::atoi(argv[3]);
  if (argc > 4) s.tokens = std::atoll(argv[4]);
  const int rounds = argc > 5 ? std::atoi(argv[5]) : 1;
  if (argc > 6) s.lookahead = argv[6];
  for (int i = 0; i < rounds; ++i) {
    const sluice::Outcome alone = sluice::run(s, false), together = sluice::run(s, true);
    sluice::print("alone", alone);
    sluice::print("together", together);
    std::printf("%.2f x, %s\n", together.tok_s / alone.tok_s, alone.answers == together.answers ? "same tokens" : "DIFFERENT TOKENS");
    if (alone.answers != together.answers) return 1;
  }
  return 0;
}

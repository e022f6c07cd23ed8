// What would every cache policy have hit? Prints tables for recorded routes and for generated ones.
//
//   replay_routes TRACE...                                       CSV or our binary form
//   replay_routes --generate NAME LAYERS EXPERTS K PROMPT DECODE [SEED]
//   replay_routes --presets
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "cache/replay.h"
#include "cache/route_model.h"

namespace {

using namespace sluice::cache;

constexpr std::array kShares = {0.02, 0.05, 0.10, 0.17, 0.25, 0.33, 0.50};

// Hit rate in decode, and the misses relative to LRU's.
template <class Run>
void print_row(std::string_view name, const RouteTrace& trace, const Run& run) {
  std::printf("| %-7.*s |", static_cast<int>(name.size()), name.data());
  for (const double share : kShares) {
    const int32_t slots = slots_for(trace.shape(), share);
    const ReplayCounts lru = replay(trace, *policy_by_name("lru"), {.slots = slots});
    const ReplayCounts counts = run(slots);
    const double misses = static_cast<double>(counts.decode_misses());
    const double ratio = lru.decode_misses() == 0 ? 1 : misses / static_cast<double>(lru.decode_misses());
    std::printf(" %.3f ×%.2f |", counts.decode_hit_rate(), ratio);
  }
  std::printf("\n");
}

void print_table(const std::string& title, const RouteTrace& trace) {
  const RouteShape& shape = trace.shape();
  const RouteFigures figures = route_figures(trace);
  std::printf("%s: %d layers of %d experts, %d a token; %zu tokens; overlap %.3f, touched %.3f, busiest tenth %.3f\n\n",
              title.c_str(), shape.layers, shape.experts, shape.k, trace.tokens(), figures.overlap, figures.touched,
              figures.busiest);
  std::printf("| policy  |");
  for (const double share : kShares) std::printf(" %.0f %% of the bank |", 100 * share);
  std::printf("\n|---|---|---|---|---|---|---|---|\n");
  for (const PolicyRow& row : policies()) {
    print_row(row.name, trace, [&](int32_t slots) { return replay(trace, row, {.slots = slots}); });
  }
  print_row("Belady", trace, [&](int32_t slots) { return replay_belady(trace, {.slots = slots}); });
  std::printf("\n");
}

int replay_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot open\n", path);
    return 1;
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto trace = read_routes(bytes);
  if (!trace.ok()) {
    std::fprintf(stderr, "%s: %s\n", path, trace.error().message.c_str());
    return 1;
  }
  print_table(path, *trace);
  return 0;
}

int replay_generated(int count, char** words) {
  std::array<int32_t, 6> n{0, 0, 0, 0, 0, 1};
  for (int i = 1; i < count; ++i) {
    const char* end = words[i] + std::strlen(words[i]);
    const auto [stop, error] = std::from_chars(words[i], end, n[static_cast<size_t>(i - 1)]);
    if (error != std::errc{} || stop != end || n[static_cast<size_t>(i - 1)] < 0) {
      std::fprintf(stderr, "%s: not a size\n", words[i]);
      return 2;
    }
  }
  const RoutePreset* preset = route_preset(words[0]);
  const RouteShape shape{n[0], n[1], n[2]};
  if (preset == nullptr) {
    std::fprintf(stderr, "%s: no such preset; --presets lists them\n", words[0]);
    return 2;
  }
  if (const auto status = check_route_shape(shape); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 2;
  }
  const RouteTrace trace = generate_routes(shape, preset->habits, static_cast<uint64_t>(n[5]), n[3], n[4]);
  print_table("generated, " + std::string(preset->name), trace);
  return 0;
}

int list_presets() {
  for (const RoutePreset& preset : route_presets()) {
    std::printf("%-12.*s %.*s\n", static_cast<int>(preset.name.size()), preset.name.data(),
                static_cast<int>(preset.about.size()), preset.about.data());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--presets") == 0) return list_presets();
  const bool generate = argc > 1 && std::strcmp(argv[1], "--generate") == 0;
  if (generate && argc >= 8 && argc <= 9) return replay_generated(argc - 2, argv + 2);
  if (generate || argc < 2) {
    std::fprintf(stderr,
                 "usage: replay_routes TRACE... | --generate NAME LAYERS EXPERTS K PROMPT DECODE [SEED] | --presets\n");
    return 2;
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) status |= replay_file(argv[i]);
  return status;
}

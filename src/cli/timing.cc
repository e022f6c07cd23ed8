#include "cli/timing.h"

#include <fmt/format.h>

#include <array>

namespace sluice::cli {
namespace {

struct Row {
  std::string_view name;
  double PhaseTimes::*seconds;
};
constexpr std::array kRows = {
    Row{"attention", &PhaseTimes::attention},  Row{"delta-net", &PhaseTimes::delta_net},
    Row{"router", &PhaseTimes::router},        Row{"shared", &PhaseTimes::shared},
    Row{"experts", &PhaseTimes::experts},      Row{"I/O wait", &PhaseTimes::io_wait},
    Row{"look-ahead", &PhaseTimes::lookahead}, Row{"head", &PhaseTimes::head},
    Row{"drafts", &PhaseTimes::drafts},        Row{"other", &PhaseTimes::other},
};

struct Part {
  PhaseTimes phases;
  int64_t tokens = 0;

  void add(const PhaseTimes& more, int64_t more_tokens) {
    for (const Row& row : kRows) phases.*row.seconds += more.*row.seconds;
    tokens += more_tokens;
  }
  std::string cells(double seconds) const {
    if (tokens == 0 || phases.total() <= 0) return fmt::format("  {:>9}  {:>6}", "-", "-");
    return fmt::format("  {:>9.3f}  {:>4.1f} %", 1e3 * seconds / static_cast<double>(tokens),
                       100 * seconds / phases.total());
  }
};

}  // namespace

namespace {

// What guessing ahead did, where it was asked for.
std::string draft_line(const std::vector<Stats>& runs) {
  int64_t passes = 0, tokens = 0, drafted = 0, accepted = 0;
  for (const Stats& s : runs) {
    if (s.speculate == "off") return "";
    passes += s.decode_passes;
    tokens += s.decode_tokens;
    drafted += s.drafted;
    accepted += s.draft_accepted;
  }
  return fmt::format("{} tokens in {} passes: {} guessed ahead, {} of them right\n", tokens, passes, drafted, accepted);
}

}  // namespace

std::string timing_table(const std::vector<Stats>& runs) {
  Part prompt, decode;
  for (const Stats& s : runs) {
    prompt.add(s.prompt_phases, s.prompt_tokens);
    decode.add(s.decode_phases, s.decode_tokens);
  }
  std::string out =
      fmt::format("{:<10}  {:>9}  {:>6}  {:>9}  {:>6}\n", "ms a token", "prompt", "share", "decode", "share");
  for (const Row& row : kRows) {
    out += fmt::format("{:<10}{}{}\n", row.name, prompt.cells(prompt.phases.*row.seconds),
                       decode.cells(decode.phases.*row.seconds));
  }
  return out +
         fmt::format("{:<10}{}{}\n", "all", prompt.cells(prompt.phases.total()), decode.cells(decode.phases.total())) +
         draft_line(runs);
}

}  // namespace sluice::cli

#include "cli/footer.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/values.h"

namespace sluice::cli {
namespace {

std::string count(size_t tokens) {
  return fmt::format("{} token{}", tokens, tokens == 1 ? "" : "s");
}

std::string speed(double tokens_per_second) {
  return fmt::format("{:.{}f} tok/s", tokens_per_second, tokens_per_second < 100 ? 2 : 0);
}

std::string_view ending(Finish finish) {
  switch (finish) {
    case Finish::stop_token:
      return "";
    case Finish::stop_string:
      return ", ended by --stop";
    case Finish::length:
      return ", ended by -n";
    case Finish::context_full:
      return ", ended: the context is full";
    case Finish::cancelled:
      return ", interrupted";
  }
  return "";
}

// The first token comes out of the prompt's pass, so one token alone has no speed.
std::string speeds(const Generation& g) {
  const Stats& s = g.stats;
  std::string out = count(g.tokens.size());
  out += s.decode_tokens > 0 ? " at " + speed(s.decode_tok_s()) : ", speed not measured";
  out += ending(g.finish);
  out += fmt::format(" · prompt {}", count(static_cast<size_t>(s.prompt_tokens)));
  if (s.prompt_s > 0) out += " at " + speed(s.prefill_tok_s());
  return out;
}

// Rounded, but never to a 0 or a 100 that is not true.
std::string percent(double share) {
  const double p = 100 * share;
  if (p > 0 && p < 0.5) return fmt::format("{:.1f} %", std::max(p, 0.1));
  if (p > 99.5 && p < 100) return fmt::format("{:.1f} %", std::min(p, 99.9));
  return fmt::format("{:.0f} %", p);
}

std::string experts(const Stats& s) {
  if (s.decode_tokens == 0) return "experts not measured";
  std::string out = fmt::format("{} of experts a token, {} of it read", show_bytes(s.expert_bytes_per_token),
                                show_bytes(s.ssd_bytes_per_token));
  if (s.ssd_gb_s > 0) out += fmt::format(" at {:.2f} GB/s", s.ssd_gb_s);
  out += fmt::format(" · hits {} · stall {}", percent(s.hit_rate), percent(s.stall_share));
  if (s.speculative_reads > 0) {
    out += fmt::format(" · look-ahead: {} of {} used", s.speculative_used, s.speculative_reads);
  }
  if (s.drafted > 0) out += fmt::format(" · guessed ahead: {} of {} right", s.draft_accepted, s.drafted);
  return out;
}

}  // namespace

std::string limit_text(const Stats& s) {
  if (!s.limit_tok_s) return "limit not measured: run sluice doctor";
  const std::string share = s.share_of_limit ? percent(*s.share_of_limit) + " of " : "";
  return fmt::format("{}limit {}", share, speed(*s.limit_tok_s));
}

std::string kv_text(const Stats& s) {
  return s.kv.empty() || s.kv == "f32" ? "" : fmt::format(" · kv {} (lossy)", s.kv);
}

std::string routes_name(const Stats& s) {
  return s.routes.empty() ? "own" : s.routes;
}

std::string kernels_text(const Stats& s) {
  return s.activations == 16 ? s.isa : fmt::format("{} with {}-bit activations (lossy)", s.isa, s.activations);
}

std::string footer(const Generation& g, const ModelInfo& info, std::optional<uint64_t> seed) {
  const Stats& s = g.stats;
  std::string out = fmt::format("sluice: {}", speeds(g));
  if (seed) out += fmt::format(" · seed {}", *seed);
  out += fmt::format("\nsluice: {} · peak {} · K {} of {}{}{} · {} · {} thread{} · {}", experts(s),
                     s.peak_rss_bytes > 0 ? show_bytes(static_cast<double>(s.peak_rss_bytes)) : "memory not measured",
                     s.k, info.trained_top_k, s.k != info.trained_top_k ? " (lossy)" : "", kv_text(s), kernels_text(s), s.threads,
                     s.threads == 1 ? "" : "s", limit_text(s));
  return out + "\n";
}

}  // namespace sluice::cli

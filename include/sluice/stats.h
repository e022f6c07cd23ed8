// What a run did, in the terms of design.md sections 6 and 7. Times in seconds, sizes in bytes, rates decimal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice {

// Where the time of a pass went, in seconds: the steps of one kind, waiting for reads apart.
struct PhaseTimes {
  double attention = 0, delta_net = 0, router = 0, shared = 0, experts = 0, io_wait = 0, lookahead = 0, head = 0, drafts = 0;
  double other = 0;  // embedding, norms, residual sums, and what lies between steps

  double total() const { return attention + delta_net + router + shared + experts + io_wait + lookahead + head + drafts + other; }

  void add(const PhaseTimes& more, double share = 1) {
    attention += share * more.attention, delta_net += share * more.delta_net, router += share * more.router;
    shared += share * more.shared, experts += share * more.experts, io_wait += share * more.io_wait;
    lookahead += share * more.lookahead, head += share * more.head, drafts += share * more.drafts, other += share * more.other;
  }
};

struct Stats {
  int64_t prompt_tokens = 0;
  double prompt_s = 0;
  int64_t decode_tokens = 0;
  double decode_s = 0;
  // Over decoding: expert bytes touched, and of those the bytes that had to be read, per token.
  double expert_bytes_per_token = 0;
  double ssd_bytes_per_token = 0;
  double ssd_gb_s = 0;       // while reads were outstanding
  double hit_rate = 0;       // share of expert uses served from a slot
  double stall_share = 0;    // share of the time in which compute waited for reads
  uint64_t hits = 0, misses = 0;           // prompt and decoding together
  uint64_t bytes_read = 0;                 // likewise
  uint64_t prompt_bytes_read = 0;          // of them for the prompt
  uint64_t prompt_bytes_touched = 0;       // of the prompt: record bytes of the distinct experts of every chunk
  // Look-ahead over decoding: experts read on suspicion, and of those the ones that a token then used.
  uint64_t speculative_reads = 0, speculative_used = 0;
  // Speculation over decoding: passes through the model, tokens guessed ahead, and of those the ones that were right. Tokens
  // are decode_passes + draft_accepted.
  int64_t decode_passes = 0, drafted = 0, draft_accepted = 0;
  std::string speculate;     // off, auto, mtp, lookup
  PhaseTimes prompt_phases, decode_phases;
  // Bytes of trunk, state and KV rows that decoding reads and writes a token, mean.
  double trunk_bytes_per_token = 0, state_bytes_per_token = 0;
  std::optional<double> limit_tok_s;       // unset until `doctor` has measured this machine
  std::optional<double> share_of_limit;
  uint64_t peak_rss_bytes = 0;
  int32_t k = 0, threads = 0, activations = 16;
  std::string isa, io, policy, kv;
  std::string routes;  // whose choice of experts this was: "own", or what replaced it

  double decode_tok_s() const { return decode_s > 0 ? static_cast<double>(decode_tokens) / decode_s : 0; }
  double prefill_tok_s() const { return prompt_s > 0 ? static_cast<double>(prompt_tokens) / prompt_s : 0; }
};

}  // namespace sluice

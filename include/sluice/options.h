// What a caller chooses. Zero or empty means "the default"; a value that cannot be honoured is refused, never ignored.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/constraint.h"

namespace sluice {

struct EngineOptions {
  std::string model;          // a .gguf, a folder of safetensors, or a .safetensors file
  std::vector<std::string> more_models;  // further folders or files, on other drives: missing parts of it, or copies to read from as well
  uint64_t memory_bytes = 0;  // everything the process may use; 0: what the machine and its cgroup have left, less a reserve
  int32_t threads = 0;        // compute threads; 0: one a core
  std::string pin = "auto";   // auto, on, off: each compute thread stays on a core of its own, I/O threads on others if there are
  int64_t context = 0;        // positions a session holds; 0: the model's, at most 8192
  // Sessions that may be open at once; below 0: up to 4, as many as an eighth of what is left beyond the least this model runs
  // in holds.
  int32_t sessions = 1;
  static constexpr int32_t kMostSessions = 16;
  // Set aside for states of earlier conversations that a Scheduler keeps; 0: none; below 0: an eighth of what is left beyond
  // the least this model runs in, at most 2 GiB.
  int64_t snapshot_bytes = 0;
  int32_t experts = 0;        // experts per token; 0: as trained. Anything else changes the model's output
  int32_t chunk = 0;          // most prompt tokens computed at once; 0: as many as the budget allows, up to 256
  // How keys and values are kept, by name: f32; f16, half the size; q8, a bit more than a quarter (kernels/kv_rows.h). All but
  // f32 change the model's output a little.
  std::string kv = "f32";
  std::string isa;            // kernels by name; empty: the best this processor has
  // Bits of the activations that products with quantised weights take (kernels/integer.h): 16; 8 makes prompts faster and
  // changes the model's output a little.
  int32_t activations = 16;
  std::string io = "auto";    // auto, direct, buffered
  std::string lookahead = "auto";  // auto, on, off
  // Tokens guessed ahead and checked together in one pass. Changes no result, only speed. off; mtp: guesses of the model's
  // own prediction head, in every pass; lookup: what followed the same words earlier, where there is something; auto: both,
  // while they are measured to pay.
  std::string speculate = "off";
  int32_t draft = 0;          // most tokens guessed a pass, 1 to 3; 0: 3
  std::string io_backend;     // how reads are queued, by name: uring, pread; empty: the best that runs here
  std::string policy;         // cache policy by name; empty: the default
  // What `sluice doctor` measured of this machine, for Stats::limit_tok_s; 0: unknown. Decimal GB/s: reads of the model's
  // drive at the size of an expert, past the page cache; a read sweep of memory by all threads.
  double ssd_gb_s = 0, ram_gb_s = 0;
  // Experts that are used in place of those the routers pick, to measure a machine with a synthetic model (the output is
  // then of no use): empty (the routers' own), the file of a recorded trace, or a preset's name (cache/route_model.h).
  std::string routes;
  std::string record_routes;  // a file that takes the experts picked, token by token (cache/routes.h); empty: none
  // A file that keeps how often each expert was used, to be read and then replaced: the most used ones are read while the
  // drive is idle, before anybody asks. Changes no result. Empty: none. A file that is not there, or of no use, is no error.
  std::string use_counts;
  bool read_all = true;       // where all experts fit: read them while the drive is idle, before anybody asks
  size_t trace_spans = 0;     // of the last so many steps and reads, kept for Engine::write_trace; 0: none
  std::function<void(double share)> load_progress;  // called on the way while the trunk is read, with 0 to 1
};

struct SamplingOptions {
  float temperature = 0.0f;         // 0: greedy, and then top_k, top_p, min_p and seed do not matter
  int32_t top_k = 0;                // keep the k likeliest; 0: all
  float top_p = 1.0f;               // keep the likeliest whose probabilities reach p
  float min_p = 0.0f;               // keep those at least p times as likely as the likeliest
  float presence_penalty = 0.0f;    // subtracted once from every token generated before
  float frequency_penalty = 0.0f;   // subtracted for every time a token was generated before
  float repetition_penalty = 1.0f;  // divides positive and multiplies negative logits of tokens in prompt or output
  uint64_t seed = 0;
};

// How likely the model held a token and its rivals: natural logarithms, before penalties, temperature and filters.
struct TokenChances {
  int32_t token = 0;
  float logprob = 0;
  std::vector<std::pair<int32_t, float>> top;  // the likeliest at this place, best first; equals by id
};

// Bounds the thinking of a model whose prompt ended inside <think>.
struct ThinkingLimit {
  int64_t tokens = -1;         // most tokens before `close` is taken in place of what the model would say; below 0: no bound
  int32_t end = -1;            // the token that ends the thinking by itself
  std::vector<int32_t> close;  // ends it by force; counts as generated
};

struct GenerateOptions {
  int64_t max_tokens = 512;
  bool ignore_eos = false;           // go on after an end-of-turn token
  std::vector<std::string> stop;     // ends when one appears in the text; the text ends before it
  bool skip_special_tokens = true;   // leave control tokens out of the text
  SamplingOptions sampling;
  ThinkingLimit thinking;
  // Told of every token just before the sink, with the `top_chances` likeliest. Empty: nothing is computed.
  std::function<void(const TokenChances&)> chances;
  int32_t top_chances = 0;
  // What the answer may look like; null: anything. For this one answer: it is led through it, and is of no use afterwards.
  // Not together with ignore_eos.
  std::shared_ptr<Constraint> constraint;
  std::function<void(double share)> prompt_progress;  // called after every layer of a prompt's chunk, with 0 to 1
  const std::atomic<bool>* cancel = nullptr;  // looked at all the time; true ends cleanly (in a prompt, the session must be reset)
};

}  // namespace sluice

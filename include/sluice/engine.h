// A loaded model: the trunk in memory, the experts in bounded slots, kernels and threads chosen. Open one, then make a
// session.
#pragma once

#include <memory>
#include <span>

#include "sluice/model_info.h"
#include "sluice/options.h"
#include "sluice/status.h"

namespace sluice {

namespace text {
class Tokenizer;
class ChatTemplate;
}  // namespace text

class Session;

// How the budget is divided, in bytes.
struct MemoryPlan {
  uint64_t budget = 0;
  uint64_t process = 0;     // program, tokenizer, tables
  uint64_t trunk = 0, state = 0, workspace = 0;  // state: of all sessions
  uint64_t snapshots = 0;   // for saved prefixes of conversations
  uint64_t slots = 0;       // slot_count * slot_bytes
  int32_t slot_count = 0;   // experts that fit at once
  uint64_t slot_bytes = 0;
  int64_t context = 0;      // positions of a session
  int32_t sessions = 1;     // that may be open at once
  int32_t chunk = 0;        // prompt tokens computed at once
  uint64_t floor = 0;       // the least budget this model runs in at this context

  uint64_t total() const { return process + trunk + state + workspace + snapshots + slots; }
};

// Thread-compatible: one thread at a time uses an engine and its sessions.
class Engine {
 public:
  // Errors: not_found, corrupt, unsupported, io (the files), over_budget (names the floor), invalid (an option).
  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options);
  ~Engine();

  const ModelInfo& info() const;
  const MemoryPlan& memory() const;

  // Null where the model has none: then only token ids go in and come out.
  const text::Tokenizer* tokenizer() const;
  const text::ChatTemplate* chat_template() const;
  // Why chat_template() is null although the model carries one: a one-line error, else empty.
  const std::string& chat_template_error() const;
  // The tokens that end a turn.
  std::span<const int32_t> stop_tokens() const;
  // The model's own recommendation (generation_config.json), else temperature 0.7, top_p 0.95, top_k 40.
  const SamplingOptions& recommended_sampling() const;

  // The steps and reads kept (EngineOptions::trace_spans) as a Chrome/Perfetto trace. Errors: io; invalid (none are kept).
  Status write_trace(const std::string& path) const;

  // Room for one session is planned: a second one while the first lives is refused (over_budget).
  Result<std::unique_ptr<Session>> new_session();

  struct Parts;  // runtime/engine_parts.h
  Parts& parts() { return *parts_; }

 private:
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Only the tokenizer of a model; no weights are needed. Errors: as Engine::open; not_found when the model has none.
Result<std::unique_ptr<const text::Tokenizer>> load_tokenizer(const std::string& model);

}  // namespace sluice

// One conversation: what the model has taken in so far, and generation from there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/engine.h"
#include "sluice/options.h"
#include "sluice/stats.h"
#include "sluice/status.h"

namespace sluice {

enum class Finish { stop_token, stop_string, length, context_full, cancelled };

// As written in JSON: "stop", "stop_string", "length", "context", "cancelled".
std::string_view finish_name(Finish finish);

struct Generation {
  std::vector<int32_t> tokens;  // new ids, a stop token that ended it included
  std::string text;             // empty without a tokenizer
  Finish finish = Finish::length;
  std::string stop;             // the stop string that ended it, if one did
  Stats stats;
};

// Sees every new token: its id and the text that became complete with it (whole characters only, perhaps none).
using TokenSink = std::function<void(int32_t token, std::string_view text)>;
// Sees the logits [vocab] after the token at `position`; an error ends the call.
using LogitsSink = std::function<Status(int64_t position, std::span<const float> logits)>;

class Session {
 public:
  ~Session();

  int64_t position() const;  // tokens of the conversation so far, the last one generated included
  int64_t capacity() const;

  // Takes tokens in, in chunks; any chunking gives the same bytes. `sink` (may be empty) sees every position's logits.
  // Errors: invalid (an id out of range, more tokens than the context has room for), io, cancelled.
  Status feed(std::span<const int32_t> tokens, const LogitsSink& sink);

  // Takes the prompt in and continues it; an empty prompt goes on where the last call ended. Errors: as feed; invalid for an empty prompt in a fresh session and for
  // sampling options out of range; corrupt when the model's logits are not finite.
  Result<Generation> generate(std::span<const int32_t> prompt, const GenerateOptions& options, const TokenSink& sink);

  // Forgets everything taken in.
  void reset();

  struct Parts;  // runtime/engine_parts.h
  Parts& parts() { return *parts_; }

 private:
  friend class Engine;
  explicit Session(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice

// Guesses the tokens that come next, from the conversation so far (PromptLookup) or with the model's prediction head
// (DraftHead), as many as the gates (DraftGate) find to pay. One a session.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/draft_gate.h"
#include "runtime/draft_head.h"
#include "runtime/prompt_lookup.h"
#include "sluice/session.h"

namespace sluice::runtime {

struct Pass;

class Drafter {
 public:
  struct Settings {
    bool lookup = false, head = false;
    bool gated = true;   // else as many as `most` in every pass
    int32_t most = kMostDrafts;
  };
  Drafter(Session::Parts& session, const Settings& settings);

  void reset();
  // The session stands behind these tokens, restored from elsewhere: the head looks back no further.
  void restart(std::span<const int32_t> tokens);

  // Around every pass of the session, prompts too.
  Status before(const Pass& pass);
  Status behind(const Pass& pass);

  // Guesses, at most `most`, for behind `token`, the one to be taken in next; perhaps none. They stand until the next call.
  // The pass over token and drafts must follow, and then accept() for every draft that was right, in order.
  Result<std::span<const int32_t>> propose(int32_t token, int64_t most);
  void accept();
  // Guessing and pass together took so long.
  void measured(double seconds) { last_.seconds = seconds; }
  // Drafts of the last pass that were not compared say nothing: the answer ended before.
  void forget() { last_.known = false; }

 private:
  enum class Source : uint8_t { none, lookup, head };
  struct Last {
    bool known = false;
    Source source = Source::none;
    int32_t drafts = 0, accepted = 0;
    double seconds = 0;
  };
  void report();
  void take(int32_t token);
  void foresee();
  int32_t depth(const DraftGate& gate, int64_t most) const;
  bool head_is_faster() const;

  const Settings settings_;
  PromptLookup lookup_;              // keeps the tokens of the session by position
  std::optional<DraftHead> head_;
  DraftGate lookup_gate_, head_gate_;
  std::vector<int32_t> drafts_;
  // What lookup would have guessed while nobody asked, compared with what came: costs nothing and tells when it would pay.
  std::vector<int32_t> foreseen_;
  size_t foreseen_right_ = 0;
  Last last_;
  bool proposed_ = false;            // the pass to come was announced by propose()
};

// As the engine's options want it; null where they want none.
std::unique_ptr<Drafter> make_drafter(Session::Parts& session);

}  // namespace sluice::runtime

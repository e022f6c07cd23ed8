// A conversation's state, taken out of a session to be put back later: what follows then has the same bytes as if the session
// had never left. Immutable once made; KV rows are in blocks that snapshots of one conversation share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/arena.h"
#include "sluice/session.h"
#include "sluice/status.h"

namespace sluice::runtime {

// What all sizes of a session's snapshots follow from.
struct SnapshotShape {
  static constexpr int64_t kBlock = 256;  // positions of a whole block
  uint64_t kv_layers = 0;                 // attention layers, the prediction head's not among them
  uint64_t row_bytes = 0;                 // of one position's keys in one layer, and of its values
  uint64_t recurrent_layers = 0, conv_bytes = 0, recurrent_bytes = 0;
  uint64_t held_input_bytes = 0, held_gate_bytes = 0;  // of one held draft in one recurrent layer: inputs; beta, and alpha
  uint64_t logits_bytes = 0;
  int64_t capacity = 0;                   // positions
  int32_t most_held = 0;

  uint64_t block_bytes(int64_t rows) const { return kv_layers * 2 * static_cast<uint64_t>(rows) * row_bytes; }
  uint64_t states_bytes(int32_t held) const {
    return recurrent_layers * (conv_bytes + recurrent_bytes + static_cast<uint64_t>(held) * (held_input_bytes + 2 * held_gate_bytes));
  }
};
SnapshotShape snapshot_shape(const Session::Parts& session);

// What an Arena takes for so many bytes.
uint64_t mapped_bytes(uint64_t bytes);

// Blocks that so many positions take, and the positions in one of them.
constexpr size_t block_count(int64_t positions) { return static_cast<size_t>((positions + SnapshotShape::kBlock - 1) / SnapshotShape::kBlock); }
constexpr int64_t block_rows(int64_t positions, size_t block) {
  return std::min(SnapshotShape::kBlock, positions - static_cast<int64_t>(block) * SnapshotShape::kBlock);
}

// Whether a session that stands behind `tokens` can go on with this prompt: one that begins with all of them. `next`: what
// follows them can be had without another token, because one is pending or the logits are there.
bool goes_on(std::span<const int32_t> tokens, bool next, std::span<const int32_t> prompt);

using KvBlock = std::shared_ptr<const Arena>;  // [layer][keys, values][rows, row_bytes]

struct Snapshot {
  std::vector<int32_t> tokens;   // of the whole conversation
  bool pending = false;          // the last of them was chosen, but not taken in yet
  int32_t held = 0;              // as device::State
  std::vector<KvBlock> blocks;   // whole ones, then perhaps one of the remaining positions
  Arena states;                  // [recurrent layer]: convolution, recurrent, held inputs, betas, alphas
  Arena logits;                  // of the last token; empty when one is pending

  int64_t positions() const { return static_cast<int64_t>(tokens.size()) - (pending ? 1 : 0); }
  bool begins(std::span<const int32_t> prompt) const { return goes_on(tokens, pending || logits.size() > 0, prompt); }
};

// Whether there is something to save: a session that has taken tokens in and is whole.
bool can_save(const Session::Parts& session);

// Memory that save() will take: blocks that `parent` (may be null) has too are shared.
uint64_t save_bytes(const Session::Parts& session, const Snapshot* parent);

// `tokens`: those the session stands behind. `parent`: a snapshot of their beginning, or null. REQUIRES: can_save.
// Errors: over_budget (no memory).
Result<std::shared_ptr<const Snapshot>> save(const Session::Parts& session, std::span<const int32_t> tokens, const Snapshot* parent);

// REQUIRES: of a session of this shape. Errors: invalid (it holds drafts, and the session has no room for them); the session
// is then as it was.
Status restore(Session::Parts& session, const Snapshot& snapshot);

}  // namespace sluice::runtime

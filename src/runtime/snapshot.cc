#include "runtime/snapshot.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "runtime/engine_parts.h"

namespace sluice::runtime {
namespace {

uint64_t floats(int64_t a, int64_t b, int64_t c = 1) {
  return static_cast<uint64_t>(a) * static_cast<uint64_t>(b) * static_cast<uint64_t>(c) * sizeof(float);
}

// Walks a session's states in the order that a snapshot has them in.
template <class Piece>
void each_state(const SnapshotShape& shape, const device::State& state, int32_t held, const Piece& piece) {
  const auto rows = static_cast<uint64_t>(held);
  for (size_t i = 0; i < shape.recurrent_layers; ++i) {
    piece(state.conv[i], shape.conv_bytes);
    piece(state.recurrent[i], shape.recurrent_bytes);
    if (held == 0) continue;
    piece(state.drafts[i].inputs, rows * shape.held_input_bytes);
    piece(state.drafts[i].beta, rows * shape.held_gate_bytes);
    piece(state.drafts[i].alpha, rows * shape.held_gate_bytes);
  }
}

// Walks the rows of one block.
template <class Piece>
void each_row_run(const SnapshotShape& shape, const device::State& state, size_t block, int64_t rows, const Piece& piece) {
  const uint64_t from = block * SnapshotShape::kBlock * shape.row_bytes, bytes = static_cast<uint64_t>(rows) * shape.row_bytes;
  for (size_t i = 0; i < shape.kv_layers; ++i) {
    piece(state.keys[i] + from, bytes);
    piece(state.values[i] + from, bytes);
  }
}

bool keeps_logits(const Session::Parts& s) { return !s.pending && s.has_logits; }

// Whole blocks that a snapshot of the conversation's beginning has already.
size_t shared_blocks(int64_t positions, const Snapshot* parent) {
  return parent == nullptr ? 0 : static_cast<size_t>(std::min(positions, parent->positions()) / SnapshotShape::kBlock);
}

Result<KvBlock> copy_block(const SnapshotShape& shape, const device::State& state, size_t block, int64_t rows) {
  SLUICE_TRY(Arena memory, Arena::map(shape.block_bytes(rows)));
  std::byte* to = memory.data();
  each_row_run(shape, state, block, rows, [&](const std::byte* from, uint64_t bytes) {
    std::memcpy(to, from, bytes);
    to += bytes;
  });
  return std::make_shared<const Arena>(std::move(memory));
}

}  // namespace

uint64_t mapped_bytes(uint64_t bytes) { return align_up(bytes, bytes >= (uint64_t{2} << 20) ? uint64_t{2} << 20 : 4096); }

SnapshotShape snapshot_shape(const Session::Parts& s) {
  const model::Plan& plan = s.engine.plan;
  SnapshotShape shape;
  shape.kv_layers = static_cast<uint64_t>(plan.attention_layers - plan.draft_layers);
  shape.row_bytes = static_cast<uint64_t>(s.state.kv_stride);
  shape.recurrent_layers = static_cast<uint64_t>(plan.recurrent_layers);
  shape.conv_bytes = floats(std::max(plan.conv_kernel - 1, 0), plan.conv_channels);
  shape.recurrent_bytes = floats(plan.v_heads, plan.dk, plan.dv);
  shape.held_input_bytes = floats(plan.conv_channels, 1);
  shape.held_gate_bytes = floats(plan.v_heads, 1);
  shape.logits_bytes = floats(plan.vocab, 1);
  shape.capacity = s.state.capacity;
  shape.most_held = s.drafter != nullptr ? device::kMostDrafts : 0;
  return shape;
}

bool goes_on(std::span<const int32_t> tokens, bool next, std::span<const int32_t> prompt) {
  if (tokens.empty() || tokens.size() > prompt.size() || !std::equal(tokens.begin(), tokens.end(), prompt.begin())) return false;
  return tokens.size() < prompt.size() || next;
}

bool can_save(const Session::Parts& s) {
  return !s.broken && s.state.position > 0 && s.state.position + (s.pending ? 1 : 0) <= s.state.capacity;
}

uint64_t save_bytes(const Session::Parts& s, const Snapshot* parent) {
  const SnapshotShape shape = snapshot_shape(s);
  const int64_t positions = s.state.position;
  uint64_t bytes = mapped_bytes(shape.states_bytes(s.state.held)) + (keeps_logits(s) ? mapped_bytes(shape.logits_bytes) : 0);
  for (size_t b = shared_blocks(positions, parent); b < block_count(positions); ++b) {
    bytes += mapped_bytes(shape.block_bytes(block_rows(positions, b)));
  }
  return bytes;
}

Result<std::shared_ptr<const Snapshot>> save(const Session::Parts& s, std::span<const int32_t> tokens, const Snapshot* parent) {
  const SnapshotShape shape = snapshot_shape(s);
  auto out = std::make_shared<Snapshot>();
  out->tokens.assign(tokens.begin(), tokens.end());
  out->pending = s.pending.has_value();
  out->held = s.state.held;
  SLUICE_CHECK(out->positions() == s.state.position);
  const size_t shared = shared_blocks(out->positions(), parent);
  if (shared > 0) out->blocks.assign(parent->blocks.begin(), parent->blocks.begin() + static_cast<std::ptrdiff_t>(shared));
  for (size_t b = shared; b < block_count(out->positions()); ++b) {
    SLUICE_TRY(KvBlock block, copy_block(shape, s.state, b, block_rows(out->positions(), b)));
    out->blocks.push_back(std::move(block));
  }
  SLUICE_TRY(out->states, Arena::map(shape.states_bytes(out->held)));
  std::byte* to = out->states.data();
  each_state(shape, s.state, out->held, [&](const float* from, uint64_t bytes) {
    std::memcpy(to, from, bytes);
    to += bytes;
  });
  if (keeps_logits(s)) {
    SLUICE_TRY(out->logits, Arena::map(shape.logits_bytes));
    std::memcpy(out->logits.data(), s.logits.data(), shape.logits_bytes);
  }
  return std::shared_ptr<const Snapshot>(std::move(out));
}

Status restore(Session::Parts& s, const Snapshot& snapshot) {
  const SnapshotShape shape = snapshot_shape(s);
  if (snapshot.held > shape.most_held) return Error{Code::invalid, "the saved state holds drafts, and this session has no room for them"};
  SLUICE_CHECK(static_cast<int64_t>(snapshot.tokens.size()) <= shape.capacity);
  for (size_t b = 0; b < snapshot.blocks.size(); ++b) {
    const std::byte* from = snapshot.blocks[b]->data();
    each_row_run(shape, s.state, b, block_rows(snapshot.positions(), b), [&](std::byte* to, uint64_t bytes) {
      std::memcpy(to, from, bytes);
      from += bytes;
    });
  }
  const std::byte* from = snapshot.states.data();
  each_state(shape, s.state, snapshot.held, [&](float* to, uint64_t bytes) {
    std::memcpy(to, from, bytes);
    from += bytes;
  });
  s.state.position = snapshot.positions();
  s.state.first = 0;
  s.state.held = snapshot.held;
  s.pending.reset();
  if (snapshot.pending) s.pending = snapshot.tokens.back();
  s.broken = false;
  s.has_logits = snapshot.pending || snapshot.logits.size() > 0;
  if (snapshot.logits.size() > 0) std::memcpy(s.logits.data(), snapshot.logits.data(), shape.logits_bytes);
  if (s.drafter != nullptr) s.drafter->restart(std::span(snapshot.tokens).first(static_cast<size_t>(snapshot.positions())));
  return {};
}

}  // namespace sluice::runtime

// The physical limit of decoding on a machine: what a token has to move, over what the machine moves at best. design.md,
// section 7.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/kv_rows.h"
#include "model/plan.h"

namespace sluice::runtime {

// Bytes of a token that do not depend on the cache.
struct TokenBytes {
  double trunk = 0;      // weights outside the routed experts; of the embedding one row, of a prediction head nothing
  double recurrent = 0;  // states, read and written
  double kv_row = 0;     // keys and values of one position, all layers
};
TokenBytes token_bytes(const model::Plan& plan, kernels::KvFormat kv);

// Bytes of a trunk matrix, of which a step may use some rows only; 0 for kNone.
double matrix_bytes(const model::Plan& plan, model::MatrixId id);

struct Rates {
  double ssd_gb_s = 0, ram_gb_s = 0;  // 1e9 bytes a second; 0: unknown
};

// What a token moved, mean.
struct Moved {
  double experts = 0;  // A: bytes of the experts used
  double read = 0;     // M: of them, what was not in a slot and had to come from the drive; useless look-ahead not counted
  double trunk = 0;    // D
  double state = 0;    // S: recurrent states and KV rows
};

// 1 / max(M / ssd, (A + M + D + S) / ram) in tokens a second; nothing where a rate is unknown.
std::optional<double> limit_tok_s(const Moved& moved, const Rates& rates);

}  // namespace sluice::runtime

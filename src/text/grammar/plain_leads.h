// Whether an automaton takes characters as they come.
#pragma once

#include <optional>

#include "text/grammar/automaton.h"
#include "text/grammar/byte_set.h"

namespace sluice::text {

// The ASCII bytes that do not lead from the one state to the other. Nothing where some other character does not lead there either.
std::optional<ByteSet> leads_elsewhere(Automaton& automaton, StateId from, StateId to);

}  // namespace sluice::text

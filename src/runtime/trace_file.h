// A trace on disk, for ui.perfetto.dev and chrome://tracing: the JSON object of the Trace Event Format.
#pragma once

#include <string>

#include "base/trace.h"
#include "sluice/status.h"

namespace sluice::runtime {

// Tracks compute, reads and waits of one process; times in microseconds from the first span. A span that overlaps
// another one of its track gets a row of its own beside it, as concurrent reads do. Spans that end before they begin
// are left out. Replaces what is at `path`, whole or not at all. Errors: io; invalid (not a regular file).
Status write_trace_file(const Trace& trace, const std::string& path);

// The same as text.
std::string trace_json(const Trace& trace);

}  // namespace sluice::runtime

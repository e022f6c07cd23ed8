// The ways to read, as a table with one row a backend. A new one is a new file and a row; tests enumerate the table.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "io/queue.h"
#include "sluice/status.h"

namespace sluice::io {

struct Backend {
  std::string_view name;  // as --io takes it
  // Errors: unsupported (not on this system), invalid (options), io.
  Result<std::unique_ptr<Queue>> (*make)(const QueueOptions&);
};

std::span<const Backend> backends();  // best first

// A queue of the named backend; for an empty name, of the first that this system supports.
// Errors: invalid (unknown name; lists the names), and those of Backend::make.
Result<std::unique_ptr<Queue>> make_queue(std::string_view name, const QueueOptions& options);

}  // namespace sluice::io

// The portable backend: a few threads a drive that do positioned reads.
#pragma once

#include <memory>

#include "io/queue.h"
#include "sluice/status.h"

namespace sluice::io {

// Errors: invalid (threads, drives or capacity out of range), io (the system refuses a thread).
Result<std::unique_ptr<Queue>> make_pread_pool(const QueueOptions& options);

}  // namespace sluice::io

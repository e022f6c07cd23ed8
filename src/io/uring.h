// The Linux backend: one io_uring a queue, no threads of its own.
//
// Reads are started by submit, wait and poll: at most QueueOptions::depth pieces are at each drive, the rest stand in
// its queue, demand first. One ring serves all drives (docs/decisions/0005). The kernel reads direct files straight to
// dst; reads of buffered files are handed to kernel workers, so that submit never copies from the page cache. There are
// no threads (QueueOptions::threads) and no reader: there is no call to put a fault into, so tests provoke real ones
// (files cut short, descriptors that cannot be read).
#pragma once

#include <memory>

#include "io/queue.h"
#include "sluice/status.h"

namespace sluice::io {

// Errors: unsupported (a reader other than the system's, which would be ignored; a kernel without io_uring or where it
// is forbidden: sysctl, seccomp, container), invalid (capacity, drives or depth out of range).
Result<std::unique_ptr<Queue>> make_uring(const QueueOptions& options);

}  // namespace sluice::io

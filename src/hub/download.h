// One file over several connections.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "hub/part_file.h"
#include "hub/pull.h"

namespace sluice::hub {

// Fetches what `part` lacks of `url`. `fetched` grows as bytes come; `watch` is called on this thread meanwhile. A
// server that does not serve ranges is asked for the whole. What came before an error is noted in the journal.
// Errors: io, cancelled.
Status download(const PullOptions& options, const std::string& url, PartFile& part, std::atomic<uint64_t>& fetched,
                const std::function<void()>& watch);

}  // namespace sluice::hub

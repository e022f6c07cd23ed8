// Ctrl-C: the first asks for a clean end, the second ends the program at once with exit code 130.
#pragma once

#include <atomic>

namespace sluice::cli {

// From here on SIGINT, SIGTERM and SIGHUP set the flag returned. Before this call they end the program as usual.
const std::atomic<bool>* watch_interrupts();

// Sets the same flag.
void interrupt();

}  // namespace sluice::cli

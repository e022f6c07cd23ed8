// Ctrl-C in a chat: it stops what is going on, not the program.
#pragma once

#include <atomic>

namespace sluice::cli {

// From here on SIGINT is counted. REQUIRES: one thread at a time uses what follows.
void count_interrupts();

// The flag that SIGINT sets, for GenerateOptions::cancel.
std::atomic<bool>& interrupted_flag();

// How many came since the last call; lowers the flag.
int take_interrupts();

// Until a read of standard input would not wait, or there is an interrupt to take: false.
bool wait_for_input();

}  // namespace sluice::cli

// What a person is told on stderr, and the exit code that goes with it.
#pragma once

#include <string_view>

#include "sluice/status.h"

namespace sluice::cli {

constexpr int kGood = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130;

// "sluice: ..." on one line; control characters in it (from a hostile file) are shown as \xNN.
void note(std::string_view message);

// Both print "sluice: error: ..." and return the exit code.
int failed(const Error& error);
int wrong_usage(std::string_view message);

// An error in what the user asked for: wrong usage when it is Code::invalid, else failed.
int refused(const Error& error);

}  // namespace sluice::cli

// The checksums by which the hub lists its files.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "hub/listing.h"
#include "sluice/status.h"

namespace sluice::hub {

// Of the whole file, lower-case hexadecimal; `advanced` hears how many bytes were read since it was last called.
// Errors: io, unsupported (libcrypto has no such digest), cancelled.
Result<std::string> digest_of(const std::string& path, Digest kind, const std::atomic<bool>* cancel,
                              const std::function<void(uint64_t)>& advanced);

// "SHA-256", "git's SHA-1".
std::string_view digest_name(Digest kind);

}  // namespace sluice::hub

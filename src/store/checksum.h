// XXH3, 64 bits: finds damage, not malice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::store {

uint64_t checksum(std::span<const std::byte> bytes);

}  // namespace sluice::store

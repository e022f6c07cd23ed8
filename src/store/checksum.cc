#include "store/checksum.h"

#include <xxhash.h>

namespace sluice::store {

uint64_t checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace sluice::store

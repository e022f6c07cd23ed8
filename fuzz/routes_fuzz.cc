// Any bytes as a route trace, in either form: read or refused, and what was read is written and read again unchanged.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cache/routes.h"
#include "memory_file.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto trace = sluice::cache::read_routes({reinterpret_cast<const char*>(data), size});
  if (!trace.ok()) {
    sluice::fuzz::require(!trace.error().message.empty());
    return 0;
  }
  const std::string bytes = sluice::cache::write_routes(*trace);
  const auto again = sluice::cache::read_routes_binary(bytes);
  sluice::fuzz::require(again.ok() && sluice::cache::write_routes(*again) == bytes);
  return 0;
}

// Any bytes as a GGUF file: opens or is refused, and what opens can be sliced and loaded.
#include <cstddef>
#include <cstdint>

#include "memory_file.h"
#include "store/gguf.h"
#include "store/places.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const sluice::fuzz::MemoryFile file(data, size);
  const auto model = sluice::store::open_gguf(file.path(), {});
  if (model.ok()) {
    sluice::fuzz::touch_tensors(*model);
  } else {
    sluice::fuzz::require(!model.error().message.empty());
  }
  return 0;
}

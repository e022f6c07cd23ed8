// Any bytes as a config.json, a zero byte, and a safetensors file: opens or is refused, and what opens can be sliced
// and loaded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "io/file.h"
#include "memory_file.h"
#include "store/config_json.h"
#include "store/safetensors.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const uint8_t* zero = std::find(data, data + size, uint8_t{0});
  const auto config_bytes = static_cast<size_t>(zero - data);
  store::Metadata config;
  // A refused config still leaves what came before the fault: enough to drive what follows.
  const auto flat = store::flatten_json(std::string_view(reinterpret_cast<const char*>(data), config_bytes),
                                        "config.json", "", config);
  fuzz::require(flat.ok() || !flat.error().message.empty());
  const size_t skip = std::min(size, config_bytes + 1);
  const fuzz::MemoryFile file(data + skip, size - skip);

  store::ModelFiles model;
  auto opened = io::File::open(file.path());
  fuzz::require(opened.ok());
  auto part = store::read_safetensors(*opened, 0);
  if (!part.ok()) return 0;
  model.files.push_back(std::move(*opened));
  auto raw = store::RawTable::make("fuzz", std::move(part->tensors));
  if (!raw.ok()) return 0;
  auto tensors = store::assemble(*raw, config);
  if (!tensors.ok()) return 0;
  model.tensors = std::move(*tensors);
  fuzz::touch_tensors(model);
  return 0;
}

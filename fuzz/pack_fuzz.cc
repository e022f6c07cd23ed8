// Any bytes as the JSON of a pack's index, a zero byte, and the bytes that all its files hold: opens or is refused, and
// what opens can be sliced and loaded. The first line of an index is taken from the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "io/file.h"
#include "memory_file.h"
#include "store/pack_index.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto whole = store::parse_index(all, "pack.index");
  fuzz::require(whole.ok() || !whole.error().message.empty());
  const std::string_view body = all.substr(0, all.find('\0'));
  const size_t skip = std::min(size, body.size() + 1);
  auto index = store::parse_index_body(body, "pack.index");
  if (!index.ok()) {
    fuzz::require(!index.error().message.empty());
    return 0;
  }
  // What is accepted is written as something that is accepted.
  const auto again = store::parse_index(store::index_text(*index), "pack.index");
  fuzz::require(again.ok() && again->tensors.size() == index->tensors.size());
  if (index->files.size() > 8) return 0;
  const fuzz::MemoryFile file(data + skip, size - skip);
  store::ModelFiles model;
  for (const store::PackFile& listed : index->files) {
    auto opened = io::File::open(file.path());
    fuzz::require(opened.ok());
    // A reader of the pack refuses files of another size.
    if (listed.bytes > opened->size()) return 0;
    model.files.push_back(std::move(*opened));
  }
  model.tensors = std::move(index->tensors);
  fuzz::touch_tensors(model);
  return 0;
}

// How bytes are fetched from a file, as a function pointer: the seam where tests put a fake or a faulty disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "io/file.h"

namespace sluice::io {

struct Reader {
  // One try, like pread(2): how many bytes came (0: the file ends at or before `offset`), or minus an errno. Fewer than
  // out.size() is normal. Called from many threads at once; must not throw. REQUIRES: !out.empty().
  int64_t (*read)(void* self, const File& file, uint64_t offset, std::span<std::byte> out);
  void* self;
};

// The operating system.
Reader system_reader();

}  // namespace sluice::io

#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void check_failed(const char* condition, const char* file, int line) {
  // The one place where the library writes: the process is about to end and nobody else can say why.
  std::fprintf(stderr, "sluice: internal error: %s at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace sluice

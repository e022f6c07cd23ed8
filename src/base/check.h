// CHECK is for our own mistakes only: a broken invariant stops the process with the place. Anything that bytes from
// outside or a user can cause is an Error instead.
#pragma once

namespace sluice {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace sluice

#define SLUICE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sluice::check_failed(#condition, __FILE__, __LINE__))

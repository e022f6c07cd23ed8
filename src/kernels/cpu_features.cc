// Asks the processor what it runs. These checks live here, outside the instruction sets' folders, because this file is
// built for the baseline: a check built with -mavx512f might itself execute what it is asking about.
#include "kernels/x86_avx2/avx2.h"
#include "kernels/x86_avx512/avx512.h"
#include "kernels/x86_avx512_vnni/avx512_vnni.h"

#if defined(__x86_64__)

namespace sluice::kernels {

// The compiler's run-time library also asks XGETBV, so "supported" includes the operating system saving the registers.
bool avx2::supported() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool avx512::supported() {
  return avx2::supported() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool avx512_vnni::supported() {
  return avx512::supported() && __builtin_cpu_supports("avx512vnni");
}

}  // namespace sluice::kernels

#endif

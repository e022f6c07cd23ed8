// Asks the processor what it runs. These checks live here, outside the instruction sets' folders, because this file is
// built for the baseline: a check built with -mavx512f might itself execute what it is asking about.
#include "kernels/arm_dotprod/dotprod.h"
#include "kernels/arm_i8mm/i8mm.h"
#include "kernels/arm_neon/neon.h"
#include "kernels/x86_amx/amx.h"
#include "kernels/x86_avx2/avx2.h"
#include "kernels/x86_avx512/avx512.h"
#include "kernels/x86_avx512_vnni/avx512_vnni.h"
#include "kernels/x86_avx_vnni/avx_vnni.h"

#if defined(__x86_64__)

#include <cpuid.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sluice::kernels {
namespace {

// AMX's tile registers are 8 KB that Linux saves only for processes that ask (Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

// CPUID leaf 7: AMX-TILE and AMX-INT8. GCC 12's __builtin_cpu_supports does not know them.
bool has_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> 24 & 1) != 0 && (d >> 25 & 1) != 0;
}

}  // namespace

// The compiler's run-time library also asks XGETBV, so "supported" includes the operating system saving the registers.
bool avx2::supported() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

// CPUID leaf 7, part 1: what compilers of 2022 have no name for.
bool avx_vnni::supported() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return avx2::supported() && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
}

bool avx512::supported() {
  return avx2::supported() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool avx512_vnni::supported() {
  return avx512::supported() && __builtin_cpu_supports("avx512vnni");
}

bool amx::supported() {
  static const bool supported = avx512_vnni::supported() && has_tiles() && may_use_tiles();
  return supported;
}

}  // namespace sluice::kernels

#elif defined(__aarch64__)

#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <sys/auxv.h>
#endif

namespace sluice::kernels {
namespace {

#if defined(__APPLE__)
bool has(const char* feature) {
  int32_t value = 0;
  size_t size = sizeof value;
  return sysctlbyname(feature, &value, &size, nullptr, 0) == 0 && value != 0;
}
bool has_dotprod() { return has("hw.optional.arm.FEAT_DotProd"); }
bool has_i8mm() { return has("hw.optional.arm.FEAT_I8MM"); }
#elif defined(__linux__)
// Bits of the kernel's arm64 <asm/hwcap.h>, which older headers lack.
constexpr unsigned long kDotProd = 1ul << 20, kI8mm2 = 1ul << 13;
bool has_dotprod() { return (getauxval(AT_HWCAP) & kDotProd) != 0; }
bool has_i8mm() { return (getauxval(AT_HWCAP2) & kI8mm2) != 0; }
#else
bool has_dotprod() { return false; }  // no way known to ask
bool has_i8mm() { return false; }
#endif

}  // namespace

bool neon::supported() {
  return true;
}

bool dotprod::supported() {
  return has_dotprod();
}

bool i8mm::supported() {
  return has_i8mm();
}

}  // namespace sluice::kernels

#endif

// The integer products; the rest is AVX-512's.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics trip these
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/vector/fill_integer.h"

#include "kernels/x86_amx/amx.h"
#include "kernels/x86_amx/tile_product.h"

void sluice::kernels::amx::fill(KernelTable& table) {
  table.name = {"amx", sizeof("amx") - 1};
  fill_integer<avx512::IntegerVec, TileProduct>(table, quantise<TileProduct::Order>, quantise<TileProduct::Order, kCoarseUnit>);
  fill_coarse(table);
}

// The table of instruction sets and the choice among them.
#include "kernels/kernel_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "kernels/arm_dotprod/dotprod.h"
#include "kernels/arm_i8mm/i8mm.h"
#include "kernels/arm_neon/neon.h"
#include "kernels/ref/ref.h"
#include "kernels/x86_amx/amx.h"
#include "kernels/x86_avx2/avx2.h"
#include "kernels/x86_avx512/avx512.h"
#include "kernels/x86_avx512_vnni/avx512_vnni.h"
#include "kernels/x86_avx_vnni/avx_vnni.h"

namespace sluice::kernels {
namespace {

constexpr InstructionSet kSets[] = {
    {"ref", "any processor", ref::supported, ref::fill},
#ifdef SLUICE_ARM
    {"neon", "64-bit ARM", neon::supported, neon::fill},
#endif
#ifdef SLUICE_ARM_DOTPROD
    {"dotprod", "ARM's dot product instructions (FEAT_DotProd)", dotprod::supported, dotprod::fill},
#endif
#ifdef SLUICE_ARM_I8MM
    {"i8mm", "ARM's 8-bit matrix instructions (FEAT_I8MM)", i8mm::supported, i8mm::fill},
#endif
#ifdef SLUICE_X86
    {"avx2", "AVX2, FMA and F16C", avx2::supported, avx2::fill},
#endif
#ifdef SLUICE_X86_AVX_VNNI
    {"avx_vnni", "AVX2, FMA, F16C and AVX-VNNI", avx_vnni::supported, avx_vnni::fill},
#endif
#ifdef SLUICE_X86_AVX512
    {"avx512", "AVX-512 F, BW, DQ and VL", avx512::supported, avx512::fill},
#endif
#ifdef SLUICE_X86_AVX512_VNNI
    {"avx512_vnni", "AVX-512 F, BW, DQ, VL and VNNI", avx512_vnni::supported, avx512_vnni::fill},
#endif
#ifdef SLUICE_X86_AMX
    {"amx", "AVX-512 VNNI and AMX-INT8, and a system that lets programs use its tiles", amx::supported, amx::fill},
#endif
};
constexpr size_t kSetCount = std::size(kSets);

// One table a set; those this processor does not support stay empty, since even a fill function is built with its
// set's flags. Each row starts from a copy of the row above: the rows of one build form one chain.
std::array<KernelTable, kSetCount> build_tables() {
  std::array<KernelTable, kSetCount> tables{};
  KernelTable table{};
  for (size_t i = 0; i < kSetCount; ++i) {
    if (!kSets[i].supported()) continue;
    kSets[i].fill(table);
    tables[i] = table;
  }
  return tables;
}

// The same with coarse activations in the places of fine ones.
std::array<KernelTable, kSetCount> coarse_tables(const std::array<KernelTable, kSetCount>& fine) {
  std::array<KernelTable, kSetCount> tables = fine;
  for (KernelTable& t : tables) {
    t.quantise = t.quantise_coarse;
    for (size_t f = 0; f < t.coarse_matmul.size(); ++f) {
      if (t.coarse_matmul[f] != nullptr) t.integer_matmul[f] = t.coarse_matmul[f];
    }
  }
  return tables;
}

std::string known_names() {
  std::string names;
  for (const InstructionSet& set : kSets) names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}

size_t best_supported() {
  size_t best = 0;
  for (size_t i = 0; i < kSetCount; ++i)
    if (kSets[i].supported()) best = i;
  return best;
}

}  // namespace

std::span<const InstructionSet> instruction_sets() {
  return kSets;
}

Result<const KernelTable*> select(std::string_view isa, ActivationBits bits) {
  static const std::array<KernelTable, kSetCount> fine = build_tables(), coarse = coarse_tables(fine);
  const auto& tables = bits == ActivationBits::eight ? coarse : fine;
  if (isa.empty()) return &tables[best_supported()];
  const auto* set = std::ranges::find(kSets, isa, &InstructionSet::name);
  if (set == std::end(kSets)) {
    return Error{Code::invalid,
                 "unknown instruction set \"" + std::string(isa) + "\"; this build has " + known_names()};
  }
  if (!set->supported()) {
    return Error{Code::unsupported, "instruction set \"" + std::string(isa) + "\" needs " + std::string(set->needs) +
                                        ", which this processor lacks"};
  }
  return &tables[static_cast<size_t>(set - std::begin(kSets))];
}

}  // namespace sluice::kernels

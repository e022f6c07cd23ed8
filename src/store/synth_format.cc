#include <fmt/format.h>

#include <iterator>

#include "base/check.h"
#include "store/synth_fill.h"

namespace sluice::store {
namespace {

using quant::FormatId;
using Scales = BlockRecipe::Scales;

// Block layouts: docs/qwen3_5_moe.md, section 6. Codes not named here are random bits, scales of sub-blocks included.
constexpr BlockRecipe kRecipes[] = {
    {{FormatId::f32, 0}, -1},
    {{FormatId::f16, 1}, -1},
    {{FormatId::bf16, 32}, -1},
    {{FormatId::q8_0, 7}, 0},
    {{FormatId::q4_0, 2}, 0},
    {{FormatId::q4_1, 3}, 0, 2, -7.5f},
    {{FormatId::q5_0, 8}, 0},
    {{FormatId::q5_1, 9}, 0, 2, -15.5f},
    {{FormatId::q2_k, 10}, 80, 82, 1.5f, Scales::pairs4, 0},
    {{FormatId::q3_k, 12}, 108},
    {{FormatId::q4_k, 14}, 0, 2, 7.5f, Scales::pairs6, 4},
    {{FormatId::q5_k, 16}, 0, 2, 15.5f, Scales::pairs6, 4},
    {{FormatId::q6_k, 18}, 208},
    {{FormatId::iq4_nl, 25}, 0},
    {{FormatId::iq4_xs, 30}, 0},
    {{FormatId::iq3_s, 26}, 0},
    {{FormatId::iq3_xxs, 23}, 0},
    {{FormatId::iq2_s, 28}, 0},
    {{FormatId::iq2_xs, 20}, 0},
    {{FormatId::iq2_xxs, 19}, 0},
    {{FormatId::iq1_s, 24}, 0},
    {{FormatId::mxfp4, 38}, 0, -1, 0, Scales::exponent},
};

const BlockRecipe* find(const quant::Format* format) {
  if (format == nullptr) return nullptr;
  for (const BlockRecipe& recipe : kRecipes) {
    if (recipe.format.id == format->id) return &recipe;
  }
  return nullptr;
}

}  // namespace

const BlockRecipe& block_recipe(FormatId format) {
  const BlockRecipe* recipe = find(&quant::format(format));
  SLUICE_CHECK(recipe != nullptr);
  return *recipe;
}

const SynthFormat* synth_format(std::string_view name) {
  const BlockRecipe* recipe = find(quant::format_by_name(name));
  return recipe == nullptr ? nullptr : &recipe->format;
}

std::string synth_format_names() {
  std::string out;
  for (const BlockRecipe& recipe : kRecipes) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", quant::format(recipe.format.id).name);
  }
  return out;
}

std::unique_ptr<Filler> make_filler(FormatId format, int64_t cols, const Fill& fill) {
  SLUICE_CHECK(cols > 0 && cols % quant::format(format).block == 0);
  return block_recipe(format).d < 0 ? make_plain_filler(format, cols, fill) : make_block_filler(format, cols, fill);
}

}  // namespace sluice::store

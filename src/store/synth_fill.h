// Fills rows of a matrix with random weights of a given scale, in any format of a table: blocks of quantised formats
// are made directly, random codes under scales chosen so that the decoded values have mean 0 and the wanted deviation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "quant/format.h"
#include "sluice/status.h"
#include "store/synth_random.h"

namespace sluice::store {

struct Fill {
  enum class Kind : uint8_t { constant, uniform, normal };
  // What the first value of every row is: as the others, one constant for all rows, or normal of its own deviation.
  enum class First : uint8_t { same, constant, normal };

  Kind kind = Kind::normal;
  float a = 1, b = 1;  // constant a; uniform from a to b; normal of deviation a
  First first = First::same;
  float first_value = 0;  // the constant (quantised formats: about; exactly the same in every row), or the deviation

  static Fill constant(float value) { return {Kind::constant, value}; }
  static Fill uniform(float least, float most) { return {Kind::uniform, least, most}; }
  static Fill normal(float deviation) { return {Kind::normal, deviation}; }
};

// Thread-safe: all state is in the random stream.
class Filler {
 public:
  virtual ~Filler() = default;
  virtual void rows(SynthRandom& random, int64_t count, std::byte* out) const = 0;
};

// A format weights can be made in, and what GGUF files of it say in general.file_type.
struct SynthFormat {
  quant::FormatId id;
  int32_t file_type;
};
const SynthFormat* synth_format(std::string_view name);  // nullptr: unknown or none we make; case-insensitive
std::string synth_format_names();                        // "F32, F16, ..."

// Rows of `cols` values. REQUIRES: `format` is in the table; cols is a multiple of its block; quantised formats take
// normal fills whose first value is not normal.
std::unique_ptr<Filler> make_filler(quant::FormatId format, int64_t cols, const Fill& fill);

// The two kinds of formats, for make_filler.
std::unique_ptr<Filler> make_plain_filler(quant::FormatId format, int64_t cols, const Fill& fill);
std::unique_ptr<Filler> make_block_filler(quant::FormatId format, int64_t cols, const Fill& fill);

// How a block is made of random bytes: which of them are scales, and what they must be.
struct BlockRecipe {
  enum class Scales : uint8_t { random, pairs4, pairs6, exponent };
  SynthFormat format;
  int32_t d = 0;           // place of the float16 scale (exponent: of the E8M0 byte); -1: not a block format
  int32_t offset_at = -1;  // place of the float16 that moves the mean to 0 ("m", "dmin"); -1: none
  float offset = 0;        // what it is, as a multiple of d
  Scales scales = Scales::random;
  int32_t scales_at = 0;  // pairs: scale and minimum of a group are made equal
};
const BlockRecipe& block_recipe(quant::FormatId format);  // REQUIRES: in the table

}  // namespace sluice::store

#include "model/plan.h"

namespace sluice::model {

quant::Matrix SlotMatrix::at(ExpertParts parts) const {
  quant::Matrix m = shape;
  m.data = parts[data.part] + data.offset;
  if (scales.part != kNone) m.scales = parts[scales.part] + scales.offset;
  if (biases.part != kNone) m.biases = parts[biases.part] + biases.offset;
  return m;
}

}  // namespace sluice::model

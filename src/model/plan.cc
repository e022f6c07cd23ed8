#include "model/plan.h"

namespace sluice::model {

quant::Matrix SlotMatrix::at(const std::byte* slot) const {
  quant::Matrix m = shape;
  m.data = slot + data;
  if (scales != kAbsent) m.scales = slot + scales;
  if (biases != kAbsent) m.biases = slot + biases;
  return m;
}

}  // namespace sluice::model

#include "sluice/pack.h"

#include <utility>
#include <vector>

#include "model/plan.h"
#include "store/model_files.h"
#include "store/pack.h"

namespace sluice {

Result<PackReport> pack(const PackOptions& options) {
  SLUICE_TRY(const store::ModelFiles files, store::open_model(options.model));
  SLUICE_TRY(const model::Plan plan, model::compile(files, {.draft_head = true}));
  std::vector<store::PackLayer> layers;
  for (const model::ExpertLayer& layer : plan.expert_layers)
    layers.push_back({layer.layer, layer.parts, layer.extents});
  SLUICE_TRY(const store::PackPlan pack_plan, store::plan_pack(files, layers, options.layout));
  SLUICE_TRY(const auto written, store::write_pack(files, pack_plan, options.out, {options.progress, options.cancel}));
  return PackReport{written.bytes, written.resumed};
}

Result<PackReport> verify_pack(const PackOptions& options) {
  SLUICE_TRY(const uint64_t bytes, store::verify_pack(options.model, {options.progress, options.cancel}));
  return PackReport{bytes, 0};
}

}  // namespace sluice

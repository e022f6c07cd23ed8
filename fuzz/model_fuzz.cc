// Any bytes as a config.json, a zero byte, and the JSON of a pack's index, of which only the list of tensors counts: a plan of
// the model comes out, or one line that says why not. What a plan promises to the device is held against it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "model/plan.h"
#include "store/config_json.h"
#include "store/pack_index.h"
#include "touch_tensors.h"

namespace {

using namespace sluice;

// Every matrix and vector that is found has the size that the plan says.
void check_plan(const model::Plan& plan) {
  fuzz::require(plan.vocab > 0 && plan.hidden > 0 && plan.experts > 0 && plan.top_k > 0 && plan.top_k <= plan.experts);
  for (const model::MatrixSource& m : plan.matrices) {
    fuzz::require(m.tensor != nullptr && m.rows > 0 && m.cols > 0);
    fuzz::require(!m.runs.empty() || m.tensor->elements() == m.rows * m.cols);
    for (const model::RowRun& run : m.runs) {
      fuzz::require(run.begin >= 0 && run.count > 0 && run.begin + run.count <= m.tensor->elements() / m.cols);
    }
  }
  for (const model::VectorSource& v : plan.vectors) fuzz::require(v.tensor != nullptr && v.tensor->elements() == v.size);
  for (const model::ExpertLayer& layer : plan.expert_layers) {
    fuzz::require(layer.count == plan.experts && layer.gate.shape.cols == plan.hidden && layer.up.shape.cols == plan.hidden);
    fuzz::require(layer.down.shape.rows == plan.hidden && layer.down.shape.cols == plan.expert_width);
    fuzz::require(static_cast<int64_t>(layer.extents.size()) == int64_t{layer.count} * layer.parts);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view config = all.substr(0, all.find('\0'));
  store::ModelFiles files;
  files.path = "fuzz";
  files.container = store::Container::safetensors;
  // A refused config still leaves what came before the fault.
  const auto flat = store::flatten_json(config, "config.json", "", files.metadata);
  fuzz::require(flat.ok() || !flat.error().message.empty());
  auto index = store::parse_index_body(all.substr(std::min(size, config.size() + 1)), "pack.index");
  if (!index.ok()) return 0;
  files.tensors = std::move(index->tensors);
  model::Wanted wanted;
  wanted.draft_head = true;
  const auto plan = model::compile(files, wanted);
  if (plan.ok()) {
    check_plan(*plan);
  } else {
    fuzz::require(!plan.error().message.empty() && plan.error().message.find('\n') == std::string::npos);
  }
  return 0;
}

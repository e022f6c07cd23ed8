#include "model/builder.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/experts.h"
#include "store/load.h"

namespace sluice::model {
namespace {

bool same_format(const quant::Matrix& a, const quant::Matrix& b) {
  return a.format == b.format && a.rows == b.rows && a.cols == b.cols && a.scale_type == b.scale_type &&
         a.group == b.group && a.group_rows == b.group_rows;
}

// What kind of tensor an unused name is, for Plan::skipped.
std::string_view kind_of(std::string_view name, int32_t layers) {
  if (name.starts_with("blk.") && std::atoll(std::string(name.substr(4, 10)).c_str()) >= layers) return "multi-token prediction";
  auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (has("visual.") || has("vision_tower.") || name.starts_with("v.") || name.starts_with("mm.")) return "vision";
  if (has("mtp.") || has("nextn.")) return "multi-token prediction";
  return "unknown";
}

}  // namespace

const store::Tensor* Builder::find(std::initializer_list<std::string_view> names) const {
  for (std::string_view name : names) {
    if (const store::Tensor* t = files_.find(name)) return t;
  }
  return nullptr;
}

void Builder::fail(Code code, std::string message) {
  if (status_.ok()) status_ = Error{code, fmt::format("{}: {}", files_.path, message)};
}

const store::Tensor* Builder::need(std::initializer_list<std::string_view> names) {
  const store::Tensor* t = find(names);
  if (t == nullptr) {
    fail(Code::not_found, fmt::format("tensor {} is missing; the model is incomplete or not of family {}",
                                      fmt::join(names, " or "), plan_.family));
    return nullptr;
  }
  used_.insert(t);
  return usable(*t) ? t : nullptr;
}

bool Builder::usable(const store::Tensor& t) {
  if (t.format_known) return true;
  fail(Code::unsupported, fmt::format("tensor {}: number format {} cannot be read", t.name, t.format_name));
  return false;
}

bool Builder::shaped(const store::Tensor& t, std::vector<int64_t> want) {
  if (t.shape == want) return true;
  return misshapen(t, want);
}

bool Builder::misshapen(const store::Tensor& t, const std::vector<int64_t>& want) {
  fail(Code::corrupt, fmt::format("tensor {}: shape [{}], but the configuration asks for [{}]", t.name,
                                  fmt::join(t.shape, ", "), fmt::join(want, ", ")));
  return false;
}

MatrixId Builder::matrix(std::initializer_list<std::string_view> names, int64_t rows, int64_t cols) {
  return matrix_rows(names, rows, cols, {});
}

MatrixId Builder::matrix_rows(std::initializer_list<std::string_view> names, int64_t stored_rows, int64_t cols,
                              std::vector<RowRun> runs) {
  const auto id = static_cast<MatrixId>(plan_.matrices.size());
  int64_t rows = runs.empty() ? stored_rows : 0;
  for (const RowRun& run : runs) rows += run.count;
  plan_.matrices.push_back(MatrixSource{nullptr, rows, cols, std::move(runs)});
  const store::Tensor* t = need(names);
  if (t == nullptr) return id;
  const bool one_row = stored_rows == 1 && t->shape == std::vector<int64_t>{cols};
  if (one_row || shaped(*t, {stored_rows, cols})) plan_.matrices.back().tensor = t;
  return id;
}

VectorId Builder::vector(std::initializer_list<std::string_view> names, int64_t size, Transform transform,
                         int64_t taps) {
  const auto id = static_cast<VectorId>(plan_.vectors.size());
  plan_.vectors.push_back(VectorSource{nullptr, size, transform, taps});
  const store::Tensor* t = need(names);
  if (t == nullptr) return id;
  if (taps == 0) {
    if (shaped(*t, {size})) plan_.vectors.back().tensor = t;
    return id;
  }
  // A depthwise convolution [channels, taps] has a middle (Hugging Face) or last (MLX) axis of one in safetensors.
  const int64_t channels = size / taps;
  const std::vector<int64_t> flat = {channels, taps};
  const bool good = t->shape == flat || t->shape == std::vector<int64_t>{channels, 1, taps} ||
                    t->shape == std::vector<int64_t>{channels, taps, 1};
  if (good || misshapen(*t, flat)) plan_.vectors.back().tensor = t;
  return id;
}

int32_t Builder::experts(int32_t layer_index, const ExpertNames& names, int32_t count, int32_t width, int32_t hidden) {
  const auto moe_index = static_cast<int32_t>(plan_.expert_layers.size());
  ExpertLayer layer;
  layer.layer = layer_index;
  layer.count = count;
  if (has(names.gate_up)) {
    const store::Tensor* gate_up = need({names.gate_up});
    const store::Tensor* down = need({names.down});
    if (gate_up && down && shaped(*gate_up, {count, 2 * int64_t{width}, hidden}) && shaped(*down, {count, hidden, width})) {
      stacked(layer, {gate_up, down}, count);
    }
  } else if (!names.each_prefix.empty() && has(names.each_prefix + "0." + names.each_gate)) {
    per_expert(layer, names, count, width, hidden);
  } else {
    const store::Tensor* gate = need({names.gate});
    const store::Tensor* up = need({names.up});
    const store::Tensor* down = need({names.down});
    if (gate && up && down && shaped(*gate, {count, width, hidden}) && shaped(*up, {count, width, hidden}) &&
        shaped(*down, {count, hidden, width})) {
      stacked(layer, {gate, up, down}, count);
    }
  }
  plan_.expert_layers.push_back(std::move(layer));
  return moe_index;
}

void Builder::stacked(ExpertLayer& layer, const std::vector<const store::Tensor*>& tensors, int32_t count) {
  for (int32_t e = 0; e < count && status_.ok(); ++e) {
    std::vector<store::Tensor> parts;
    for (const store::Tensor* t : tensors) {
      auto part = store::slice_expert(*t, e);
      if (!part.ok()) return fail(part.error().code, part.error().message);
      parts.push_back(std::move(part).value());
    }
    if (!place(layer, parts, e)) return;
  }
}

void Builder::per_expert(ExpertLayer& layer, const ExpertNames& names, int32_t count, int32_t width, int32_t hidden) {
  for (int32_t e = 0; e < count && status_.ok(); ++e) {
    const std::string prefix = names.each_prefix + std::to_string(e) + ".";
    const store::Tensor* gate = need({prefix + names.each_gate});
    const store::Tensor* up = need({prefix + names.each_up});
    const store::Tensor* down = need({prefix + names.each_down});
    if (!gate || !up || !down) return;
    if (!shaped(*gate, {width, hidden}) || !shaped(*up, {width, hidden}) || !shaped(*down, {hidden, width})) return;
    if (!place(layer, {*gate, *up, *down}, e)) return;
  }
}

// Takes the layer's parts from the first expert and appends every expert's extents; later experts must have the same
// formats.
bool Builder::place(ExpertLayer& layer, const std::vector<store::Tensor>& parts, int32_t expert) {
  std::vector<SlotMatrix> made;
  std::vector<uint64_t> sizes;
  uint64_t bytes = 0;
  for (const store::Tensor& t : parts) {
    SlotMatrix m;
    const size_t dims = t.shape.size();
    m.shape = quant::Matrix{t.format, t.shape[dims - 2], t.shape[dims - 1], nullptr, nullptr, nullptr,
                            t.scale_type, t.group, t.group_rows};
    const auto put = [&](const store::Extent& extent, SlotMatrix::Place& where) {
      if (extent.bytes == 0) return;
      where.part = static_cast<int32_t>(sizes.size());
      sizes.push_back(extent.bytes);
      layer.extents.push_back(extent);
    };
    put(t.data, m.data);
    put(t.scales, m.scales);
    put(t.biases, m.biases);
    bytes += t.bytes();
    made.push_back(m);
  }
  const bool same = expert == 0 || (sizes == layer.part_bytes &&
                                    std::equal(made.begin(), made.end(), first_.begin(), first_.end(), [](const auto& a, const auto& b) {
                                      return same_format(a.shape, b.shape);
                                    }));
  if (expert == 0) first_ = made;
  if (!same) {
    fail(Code::unsupported, fmt::format("layer {} expert {}: stored in another number format than expert 0", layer.layer, expert));
    return false;
  }
  layer.part_bytes = std::move(sizes);
  layer.parts = static_cast<int32_t>(layer.part_bytes.size());
  layer.record_bytes = bytes;
  if (made.size() == 3) {
    layer.gate = made[0], layer.up = made[1], layer.down = made[2];
    return true;
  }
  // Fused: the up rows follow the gate rows in data and in every side array.
  layer.gate = layer.up = made[0];
  layer.down = made[1];
  const int64_t half = made[0].shape.rows / 2;
  if (half % made[0].shape.group_rows != 0) {
    fail(Code::unsupported, fmt::format("layer {}: fused experts whose halves share scale blocks", layer.layer));
    return false;
  }
  layer.gate.shape.rows = layer.up.shape.rows = half;
  const auto skip_rows = static_cast<uint64_t>(half * quant::row_bytes(made[0].shape.format, made[0].shape.cols));
  layer.up.data.offset += skip_rows;
  if (made[0].shape.scale_type != quant::ScaleType::none) {
    const auto skip_scales = static_cast<uint64_t>(half / made[0].shape.group_rows * quant::scale_row_bytes(made[0].shape));
    layer.up.scales.offset += skip_scales;
    layer.up.biases.offset += skip_scales;
  }
  return true;
}

Status Builder::finish() {
  if (!status_.ok()) return std::move(status_);
  std::map<std::string_view, int64_t> kinds;
  for (const store::Tensor& t : files_.tensors) {
    if (used_.contains(&t)) continue;
    const std::string_view kind = kind_of(t.name, plan_.layers);
    // A file that carries these means them: leaving them out would give other text than the model's.
    if (kind == "unknown" && (t.name.ends_with(".bias") || t.name.starts_with("rope_freqs"))) {
      return Error{Code::unsupported, fmt::format("{}: tensor {} changes the result and does not work yet", files_.path, t.name)};
    }
    ++kinds[kind];
  }
  for (const auto& [kind, n] : kinds) plan_.skipped.push_back(fmt::format("{}: {} tensors", kind, n));
  return {};
}

}  // namespace sluice::model

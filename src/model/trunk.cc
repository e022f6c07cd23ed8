#include "model/trunk.h"

#include <cmath>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "store/load.h"

namespace sluice::model {
namespace {

// Room for `m` with its side arrays one row of scales a matrix row, each part on a cache line of its own.
uint64_t selected_bytes(const MatrixSource& m) {
  const store::Tensor& t = *m.tensor;
  uint64_t bytes = align_up(static_cast<uint64_t>(m.rows * quant::row_bytes(t.format, m.cols)), 64);
  if (t.scale_type != quant::ScaleType::none) {
    const int64_t row = (m.cols + t.group - 1) / t.group * quant::scale_bytes(t.scale_type);
    bytes += (t.biases.bytes > 0 ? 2 : 1) * align_up(static_cast<uint64_t>(m.rows * row), 64);
  }
  return bytes;
}

uint64_t source_bytes(const MatrixSource& m) { return m.runs.empty() ? store::loaded_bytes(*m.tensor) : selected_bytes(m); }

// Copies the chosen rows of `all` behind `dst`. Rows of scales that several matrix rows share are repeated, so that any
// selection stays a plain matrix.
quant::Matrix select_rows(const quant::Matrix& all, const MatrixSource& m, std::byte* dst) {
  quant::Matrix out = all;
  out.rows = m.rows;
  out.cols = m.cols;
  out.group_rows = 1;
  const auto row = static_cast<size_t>(quant::row_bytes(all.format, all.cols));
  const size_t scale_row = all.scales != nullptr ? static_cast<size_t>(quant::scale_row_bytes(all)) : 0;
  std::byte* data = dst;
  std::byte* scales = data + align_up(static_cast<uint64_t>(m.rows) * row, 64);
  std::byte* biases = scales + align_up(static_cast<uint64_t>(m.rows) * scale_row, 64);
  out.data = data;
  out.scales = all.scales != nullptr ? scales : nullptr;
  out.biases = all.biases != nullptr ? biases : nullptr;
  for (const RowRun& run : m.runs) {
    for (int64_t r = run.begin; r < run.begin + run.count; ++r) {
      std::memcpy(data, all.data + static_cast<size_t>(r) * row, row);
      data += row;
      const size_t scale_at = static_cast<size_t>(r / all.group_rows) * scale_row;
      if (all.scales != nullptr) std::memcpy(scales, all.scales + scale_at, scale_row), scales += scale_row;
      if (all.biases != nullptr) std::memcpy(biases, all.biases + scale_at, scale_row), biases += scale_row;
    }
  }
  return out;
}

void apply(const VectorSource& source, std::vector<float>& v) {
  switch (source.transform) {
    case Transform::none: break;
    case Transform::plus_one:
      for (float& x : v) x += 1.0f;
      break;
    case Transform::neg_exp:
      for (float& x : v) x = -std::exp(x);
      break;
    case Transform::transpose_taps: {
      const auto taps = static_cast<size_t>(source.taps);
      const size_t channels = v.size() / taps;
      std::vector<float> out(v.size());
      for (size_t c = 0; c < channels; ++c) {
        for (size_t k = 0; k < taps; ++k) out[k * channels + c] = v[c * taps + k];
      }
      v = std::move(out);
      break;
    }
  }
}

// Loads a tensor from which rows are taken more than once (Qwen3-Next's fused projections) only once.
class WholeTensors {
 public:
  explicit WholeTensors(const store::ModelFiles& files) : files_(files) {}
  Result<quant::Matrix> get(const store::Tensor& t) {
    if (t.name == name_) return matrix_;
    name_.clear();
    SLUICE_TRY(memory_, Arena::map(store::loaded_bytes(t)));
    SLUICE_TRY(matrix_, store::load_matrix(files_, t, memory_.data(), memory_.size()));
    name_ = t.name;
    return matrix_;
  }

 private:
  const store::ModelFiles& files_;
  std::string name_;
  Arena memory_;
  quant::Matrix matrix_;
};

}  // namespace

uint64_t trunk_bytes(const Plan& plan) {
  uint64_t bytes = 0;
  for (const MatrixSource& m : plan.matrices) bytes += source_bytes(m);
  for (const VectorSource& v : plan.vectors) bytes += static_cast<uint64_t>(v.size) * sizeof(float);
  return bytes;
}

Result<Trunk> load_trunk(const store::ModelFiles& files, const Plan& plan, const std::function<void(double share)>& progress) {
  Trunk trunk;
  uint64_t bytes = 0;
  for (const MatrixSource& m : plan.matrices) bytes += source_bytes(m);
  SLUICE_TRY(trunk.memory, Arena::map(bytes));
  WholeTensors whole(files);
  uint64_t at = 0;
  for (const MatrixSource& m : plan.matrices) {
    const uint64_t size = source_bytes(m);
    if (m.runs.empty()) {
      SLUICE_TRY(quant::Matrix loaded, store::load_matrix(files, *m.tensor, trunk.memory.data() + at, size));
      loaded.rows = m.rows;  // a 1-D tensor is one row
      loaded.cols = m.cols;
      trunk.matrices.push_back(loaded);
    } else {
      SLUICE_TRY(const quant::Matrix all, whole.get(*m.tensor));
      trunk.matrices.push_back(select_rows(all, m, trunk.memory.data() + at));
    }
    at += size;
    if (progress) progress(static_cast<double>(at) / static_cast<double>(bytes));
  }
  for (const VectorSource& source : plan.vectors) {
    SLUICE_TRY(std::vector<float> v, store::load_vector(files, *source.tensor));
    if (static_cast<int64_t>(v.size()) != source.size) {
      return Error{Code::corrupt, fmt::format("tensor {}: {} values, {} wanted", source.tensor->name, v.size(), source.size)};
    }
    apply(source, v);
    trunk.vectors.push_back(std::move(v));
  }
  return trunk;
}

}  // namespace sluice::model

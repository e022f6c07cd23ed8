#include "runtime/use_counts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "io/file.h"
#include "store/atomic_file.h"

namespace sluice::runtime {
namespace {

// "SLUSES01", u32 layers, u32 experts, then layers * experts little-endian float32.
constexpr char kMagic[8] = {'S', 'L', 'U', 'S', 'E', 'S', '0', '1'};
constexpr size_t kHeader = 16;
constexpr uint64_t kMostBytes = uint64_t{64} << 20;
constexpr float kFade = 0.5f;

std::string header(int32_t layers, int32_t experts) {
  std::string out(kMagic, sizeof kMagic);
  for (const int32_t n : {layers, experts}) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(static_cast<uint32_t>(n) >> shift & 255));
  }
  return out;
}

}  // namespace

UseCounts::UseCounts(int32_t layers, int32_t experts)
    : layers_(layers), experts_(experts), counts_(static_cast<size_t>(layers) * static_cast<size_t>(experts)), earlier_(counts_.size()) {}

Status UseCounts::read(const std::string& path) {
  SLUICE_TRY(const std::string bytes, io::read_text(path, kMostBytes));
  if (bytes.size() != kHeader + counts_.size() * sizeof(float) || bytes.substr(0, kHeader) != header(layers_, experts_)) {
    return Error{Code::corrupt, fmt::format("{}: not the use counts of a model with {} layers of {} experts", path, layers_, experts_)};
  }
  std::memcpy(earlier_.data(), bytes.data() + kHeader, earlier_.size() * sizeof(float));
  for (float& count : earlier_) count = std::isfinite(count) && count > 0 ? count : 0.0f;
  return {};
}

Status UseCounts::write(const std::string& path) const {
  std::vector<float> sum(counts_.size());
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = kFade * earlier_[i] + counts_[i];
  std::string bytes = header(layers_, experts_);
  bytes.append(reinterpret_cast<const char*>(sum.data()), sum.size() * sizeof(float));
  SLUICE_TRY(store::AtomicFile file, store::AtomicFile::create(path, bytes.size()));
  SLUICE_TRY_VOID(file.write(0, std::as_bytes(std::span(bytes))));
  return file.finish();
}

std::vector<int32_t> UseCounts::favourites() const {
  std::vector<int32_t> order(earlier_.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](int32_t i) { return earlier_[static_cast<size_t>(i)] <= 0; });
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return earlier_[static_cast<size_t>(a)] > earlier_[static_cast<size_t>(b)]; });
  return order;
}

}  // namespace sluice::runtime

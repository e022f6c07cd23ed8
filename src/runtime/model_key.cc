#include "runtime/model_key.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/checksum.h"

namespace sluice::runtime {
namespace {

constexpr uint64_t kSample = 4096;  // bytes of an expert

uint64_t text_sum(const std::string& text) { return store::checksum(std::as_bytes(std::span(text))); }

// The trunk is taken in whole; of experts, which are most of the model, sizes and the beginning of two of every layer.
Result<uint64_t> experts_sum(const Engine::Parts& e) {
  std::vector<uint64_t> sums;
  std::vector<std::byte> sample(kSample);
  for (const model::ExpertLayer& layer : e.plan.expert_layers) {
    sums.insert(sums.end(), layer.part_bytes.begin(), layer.part_bytes.end());
    for (const int32_t expert : {0, layer.count - 1}) {
      for (const store::Extent& extent : layer.expert(expert)) {
        const auto part = std::span(sample).first(std::min(kSample, extent.bytes));
        SLUICE_TRY_VOID(e.files.files[static_cast<size_t>(extent.file)].read(extent.offset, part));
        sums.push_back(store::checksum(part));
      }
    }
  }
  return store::checksum(std::as_bytes(std::span(sums)));
}

}  // namespace

Result<uint64_t> model_key(const Engine::Parts& e) {
  std::string text = fmt::format("sluice state 1 {} kv {} activations {} k {} block 256\n", e.plan.family, e.info.kv, e.options.activations, e.plan.top_k);
  text += fmt::format("{} {} {} {} {}\n", e.plan.layers, e.plan.hidden, e.plan.vocab, e.plan.rope_scale, fmt::join(e.plan.inv_freq, " "));
  text += fmt::format("{:016x}\n", store::checksum({e.trunk.memory.data(), e.trunk.memory.size()}));
  for (const auto& vector : e.trunk.vectors) text += fmt::format("{:016x}\n", store::checksum(std::as_bytes(std::span(vector))));
  SLUICE_TRY(const uint64_t experts, experts_sum(e));
  return text_sum(text + fmt::format("{:016x}", experts));
}

}  // namespace sluice::runtime

#include "runtime/expert_files.h"

#include <algorithm>

#include <set>

#include <fmt/format.h>

#include "io/queue.h"

namespace sluice::runtime {
namespace {

ExpertFiles buffered(const store::ModelFiles& model) {
  ExpertFiles out;
  for (const io::File& file : model.files) out.files.push_back(&file);
  out.copies = model.copies;
  out.several = std::any_of(out.copies.begin(), out.copies.end(), [](const auto& copies) { return copies.size() > 1; });
  return out;
}

std::vector<bool> with_experts(const store::ModelFiles& model, const model::Plan& plan) {
  std::vector<bool> needed(model.files.size(), false);
  for (const model::ExpertLayer& layer : plan.expert_layers) {
    for (const store::Extent& extent : layer.extents) {
      for (const int32_t copy : model.copies[static_cast<size_t>(extent.file)]) needed[static_cast<size_t>(copy)] = true;
    }
  }
  return needed;
}

Result<ExpertFiles> direct(const store::ModelFiles& model, const std::vector<bool>& needed) {
  ExpertFiles out = buffered(model);
  out.mode = io::Mode::direct;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    SLUICE_TRY(io::File file, io::File::open(model.files[i].path(), io::Mode::direct));
    if (file.size() != model.files[i].size()) {
      return Error{Code::io, fmt::format("{}: changed while it was opened; try again", file.path())};
    }
    out.alignment = std::max(out.alignment, file.alignment());
    out.own.push_back(std::make_unique<io::File>(std::move(file)));
    out.files[i] = out.own.back().get();
  }
  return out;
}

}  // namespace

io::Drives drives_of(const ExpertFiles& files) {
  std::vector<io::FilePlace> places;
  std::set<uint64_t> devices;
  for (const io::File* file : files.files) {
    const uint64_t device = io::device_of(*file);
    // Beyond what a queue tells apart, drives share a line.
    const bool full = devices.size() + 1 >= io::kMostDrives && !devices.contains(device);
    places.push_back({full ? uint64_t{0} : device, 0});
    if (!full) devices.insert(device);
  }
  return io::Drives(places);
}

Result<ExpertFiles> open_expert_files(const store::ModelFiles& files, const model::Plan& plan, const std::string& io) {
  if (io != "auto" && io != "direct" && io != "buffered") {
    return Error{Code::invalid, fmt::format("--io {}: must be auto, direct or buffered", io)};
  }
  if (io == "buffered") return buffered(files);
  auto opened = direct(files, with_experts(files, plan));
  if (opened.ok()) return opened;
  if (io == "auto" && opened.error().code == Code::unsupported) return buffered(files);
  return std::move(opened).error().within("--io " + io);
}

}  // namespace sluice::runtime

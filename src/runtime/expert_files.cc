#include "runtime/expert_files.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::runtime {
namespace {

ExpertFiles buffered(const store::ModelFiles& model) {
  ExpertFiles out;
  for (const io::File& file : model.files) out.files.push_back(&file);
  return out;
}

std::vector<bool> with_experts(const store::ModelFiles& model, const model::Plan& plan) {
  std::vector<bool> needed(model.files.size(), false);
  for (const model::ExpertLayer& layer : plan.expert_layers) {
    for (const store::Extent& extent : layer.extents) needed[static_cast<size_t>(extent.file)] = true;
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

#include "runtime/describe.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/machine.h"
#include "runtime/draft_gate.h"
#include "runtime/memory_plan.h"
#include "runtime/vocabulary.h"

namespace sluice {
namespace {

constexpr uint64_t kDirectAlignment = 4096;  // of direct reads on the drives we know

// Which class a trunk tensor is shown under, by its place in the steps.
struct ClassOf {
  std::map<const store::Tensor*, std::string_view> names;

  ClassOf(const model::Plan& plan) : plan_(plan) {
    for (const model::Step& step : plan.steps) {
      if (const auto* s = std::get_if<model::Embed>(&step.op)) mark("embedding", {s->table});
      if (const auto* s = std::get_if<model::Head>(&step.op)) mark("output head", {s->matrix});
      if (const auto* s = std::get_if<model::Attention>(&step.op)) mark("attention", {s->q, s->k, s->v, s->o});
      if (const auto* s = std::get_if<model::DeltaNet>(&step.op)) mark("delta net", {s->qkv, s->z, s->beta, s->alpha, s->out});
      if (const auto* s = std::get_if<model::Route>(&step.op)) mark("routers", {s->router});
      if (const auto* s = std::get_if<model::SharedFfn>(&step.op)) mark("shared experts", {s->gate, s->up, s->down, s->scale});
    }
    for (size_t i = plan.matrices.size() - plan.draft_matrices; i < plan.matrices.size(); ++i) {
      names.emplace(plan.matrices[i].tensor, "prediction head");
    }
    for (const model::VectorSource& v : plan.vectors) names.emplace(v.tensor, "norms and vectors");
  }

 private:
  void mark(std::string_view name, std::initializer_list<model::MatrixId> ids) {
    for (model::MatrixId id : ids) {
      if (id != model::kNone) names.emplace(plan_.matrices[static_cast<size_t>(id)].tensor, name);
    }
  }
  const model::Plan& plan_;
};

struct Tally {
  ModelInfo::TensorClass sum;
  std::map<std::string, uint64_t> by_format;

  void add(int64_t tensors, int64_t elements, uint64_t bytes, std::string_view format) {
    sum.tensors += tensors;
    sum.elements += elements;
    sum.bytes += bytes;
    by_format[std::string(format)] += bytes;
  }
  ModelInfo::TensorClass finish(std::string_view name) {
    std::vector<std::pair<uint64_t, std::string>> order;
    for (const auto& [format, bytes] : by_format) order.emplace_back(bytes, format);
    std::sort(order.rbegin(), order.rend());
    for (const auto& [bytes, format] : order) {
      const double share = sum.bytes > 0 ? 100.0 * static_cast<double>(bytes) / static_cast<double>(sum.bytes) : 0;
      sum.formats += fmt::format("{}{}{}", sum.formats.empty() ? "" : ", ", format,
                                 order.size() > 1 ? fmt::format(" {:.0f}%", share) : "");
    }
    sum.name = name;
    return sum;
  }
};

std::vector<ModelInfo::TensorClass> classes_of(const model::Plan& plan) {
  constexpr std::string_view kOrder[] = {"embedding", "attention", "delta net", "routers", "shared experts",
                                         "norms and vectors", "output head", "prediction head"};
  std::map<std::string_view, Tally> tallies;
  for (const auto& [tensor, name] : ClassOf(plan).names) {
    tallies[name].add(1, tensor->elements(), tensor->bytes(), quant::format(tensor->format).name);
  }
  Tally experts;
  for (const model::ExpertLayer& layer : plan.expert_layers) {
    for (const model::SlotMatrix* m : {&layer.gate, &layer.up, &layer.down}) {
      const quant::Matrix& s = m->shape;
      const int64_t scale_rows = (s.rows + s.group_rows - 1) / s.group_rows;
      int64_t bytes = s.rows * quant::row_bytes(s.format, s.cols);
      if (m->scales.part != model::kNone) bytes += scale_rows * quant::scale_row_bytes(s);
      if (m->biases.part != model::kNone) bytes += scale_rows * quant::scale_row_bytes(s);
      experts.add(layer.count, s.rows * s.cols * layer.count, static_cast<uint64_t>(bytes * layer.count),
                  quant::format(s.format).name);
    }
  }
  std::vector<ModelInfo::TensorClass> out;
  out.push_back(experts.finish("routed experts"));
  for (std::string_view name : kOrder) {
    if (auto it = tallies.find(name); it != tallies.end()) out.push_back(it->second.finish(name));
  }
  return out;
}

// A drive's rate depends on the size of its reads, and most bytes come with the large ones.
uint64_t read_bytes(const model::Plan& plan) {
  double bytes = 0, squares = 0;
  for (const model::ExpertLayer& layer : plan.expert_layers) {
    for (const store::Extent& extent : layer.extents) {
      const auto size = static_cast<double>(extent.bytes);
      bytes += size;
      squares += size * size;
    }
  }
  return bytes > 0 ? static_cast<uint64_t>(squares / bytes) : 0;
}

}  // namespace

namespace runtime {

int64_t vocabulary_size(const store::ModelFiles& files, const model::Plan& plan) {
  const auto* tokens = files.metadata.find("tokenizer.ggml.tokens");
  const auto* list = tokens != nullptr ? std::get_if<std::vector<std::string>>(tokens) : nullptr;
  return list != nullptr ? static_cast<int64_t>(list->size()) : plan.vocab;
}

model::Wanted wanted_of(const EngineOptions& o) {
  return {.top_k_override = o.experts, .draft_head = o.speculate == "mtp" || o.speculate == "auto"};
}

int32_t drafts_of(const EngineOptions& o) {
  if (o.speculate == "off") return 0;
  return o.draft > 0 ? o.draft : kMostDrafts;
}

ModelInfo describe(const store::ModelFiles& files, const model::Plan& plan, const MemoryPlan& memory, kernels::KvFormat kv) {
  ModelInfo info;
  info.path = files.path;
  info.container = files.container == store::Container::gguf ? "gguf" : files.mlx ? "safetensors (MLX)" : "safetensors";
  if (files.packed) info.container = "pack of " + info.container;
  info.family = plan.family;
  info.files = files.parts;
  for (int32_t i = 0; i < files.parts; ++i) info.file_bytes += files.files[static_cast<size_t>(i)].size();
  info.layers = plan.layers;
  info.attention_layers = plan.attention_layers - plan.draft_layers;
  info.draft_layers = plan.draft_layers;
  info.recurrent_layers = plan.recurrent_layers;
  info.hidden = plan.hidden;
  info.vocab = plan.vocab;
  info.context = plan.context;
  info.experts = plan.experts;
  info.top_k = plan.top_k;
  info.trained_top_k = plan.trained_top_k;
  info.expert_width = plan.expert_width;
  info.shared_width = plan.shared_width;
  info.classes = classes_of(plan);
  info.skipped = plan.skipped;
  info.trunk_bytes = memory.trunk;
  for (const model::ExpertLayer& layer : plan.expert_layers) {
    info.expert_bytes += layer.record_bytes * static_cast<uint64_t>(layer.count);
    info.record_bytes = std::max(info.record_bytes, layer.record_bytes);
    if (layer.layer < plan.layers) info.expert_bytes_per_token += layer.record_bytes * static_cast<uint64_t>(plan.top_k);
  }
  info.read_bytes = read_bytes(plan);
  info.state_bytes = memory.state;
  info.kv = kernels::kKvFormatNames[static_cast<size_t>(kv)];
  info.floor_bytes = memory.floor;
  info.full_bytes = memory.process + memory.trunk + memory.state + memory.workspace +
                    plan_slots(plan, kDirectAlignment, 0, 1.0).bytes;
  return info;
}

}  // namespace runtime

Result<ModelInfo> inspect(const EngineOptions& options) {
  SLUICE_TRY(const store::ModelFiles files, store::open_model(options.model, options.more_models));
  SLUICE_TRY(const model::Plan plan, model::compile(files, runtime::wanted_of(options)));
  runtime::MemoryRequest request;
  request.budget = UINT64_MAX;
  request.context = options.context;
  SLUICE_TRY(request.kv, kernels::kv_format(options.kv));
  request.chunk = options.chunk;
  request.threads = options.threads > 0 ? options.threads : cpu_count();
  request.vocabulary = runtime::vocabulary_size(files, plan);
  request.drafts = runtime::drafts_of(options);
  SLUICE_TRY(const MemoryPlan memory, runtime::plan_memory(plan, request));
  return runtime::describe(files, plan, memory, request.kv);
}

}  // namespace sluice

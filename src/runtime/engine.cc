#include "sluice/engine.h"

#include <numeric>

#include <fmt/format.h>

#include "base/cores.h"
#include "base/lock.h"
#include "base/machine.h"
#include "io/backend.h"
#include "runtime/describe.h"
#include "runtime/engine_parts.h"
#include "runtime/memory_plan.h"
#include "runtime/trace_file.h"

namespace sluice {
namespace {

Status check_speculation(const EngineOptions& o) {
  auto bad = [](std::string message) { return Error{Code::invalid, std::move(message)}; };
  if (o.speculate != "off" && o.speculate != "auto" && o.speculate != "mtp" && o.speculate != "lookup") {
    return bad(fmt::format("--speculate {}: must be auto, mtp, lookup or off", o.speculate));
  }
  if (o.draft < 0 || o.draft > runtime::kMostDrafts) return bad(fmt::format("--draft {}: must be 1 to {}", o.draft, runtime::kMostDrafts));
  if (o.speculate != "off" && !(o.routes.empty() && o.record_routes.empty())) {
    return bad(fmt::format("--speculate {}: not with routes that are played or recorded, which count every token once", o.speculate));
  }
  return {};
}

Status check_options(const EngineOptions& o) {
  auto bad = [](std::string message) { return Error{Code::invalid, std::move(message)}; };
  static_assert(EngineOptions::kMostSessions == device::kMostParts);
  if (o.sessions == 0 || o.sessions > EngineOptions::kMostSessions) {
    return bad(fmt::format("{} sessions at once: must be 1 to {}", o.sessions, EngineOptions::kMostSessions));
  }
  if (o.model.empty()) return bad("no model named; give one with -m");
  if (o.threads < 0 || o.threads > 1024) return bad(fmt::format("--threads {}: must be 1 to 1024", o.threads));
  if (o.context < 0) return bad(fmt::format("--ctx {}: must be positive", o.context));
  if (o.chunk < 0 || o.chunk > 65536) return bad(fmt::format("--chunk {}: must be 1 to 65536", o.chunk));
  if (o.activations != 8 && o.activations != 16) return bad(fmt::format("--activations {}: must be 8 or 16", o.activations));
  if (o.lookahead != "auto" && o.lookahead != "on" && o.lookahead != "off") {
    return bad(fmt::format("--lookahead {}: must be auto, on or off", o.lookahead));
  }
  return check_speculation(o);
}

kernels::ActivationBits activation_bits(const EngineOptions& o) {
  return o.activations == 8 ? kernels::ActivationBits::eight : kernels::ActivationBits::sixteen;
}

// Memory the user named is his to the last byte: it can be registered, and so held in place. What was found free may
// have to be given back.
io::QueueOptions queue_options(const Engine::Parts& p, int32_t drives, const Arena& slots, uint64_t bytes) {
  const EngineOptions& o = p.options;
  io::QueueOptions q;
  q.drives = drives;
  q.cpus = p.placement.io;
  q.capacity = 4096;
  q.depth = 128;  // more than a drive takes makes the submitting thread wait (docs/lab/2026-11-24-prompts.md)
  q.speculative_depth = 128;  // the store asks for few enough
  if (o.memory_bytes > 0 && o.io != "buffered") q.registered = {slots.data(), bytes};
  return q;
}

Result<std::unique_ptr<runtime::ExpertStore>> make_store(Engine::Parts& p, runtime::SlotPlan slots, const cache::PolicyRow& policy) {
  SLUICE_TRY(Arena memory, Arena::map(slots.bytes));
  // The rings do their own reading; a file that is read through the page cache is copied from, better by several threads.
  const std::string backend = p.options.io_backend.empty() && p.expert_files.mode == io::Mode::buffered ? "pread" : p.options.io_backend;
  io::Drives drives = runtime::drives_of(p.expert_files);
  SLUICE_TRY(auto queue, io::make_queue(backend, queue_options(p, drives.count(), memory, slots.bytes)));
  auto pool = std::make_unique<runtime::SlotPool>(p.plan, std::move(slots), std::move(memory), policy);
  return std::make_unique<runtime::ExpertStore>(p.expert_files, std::move(drives), p.plan, std::move(pool), std::move(queue));
}

Status add_routes(Engine::Parts& p) {
  const cache::RouteShape shape{static_cast<int32_t>(p.plan.trunk_expert_layers()), p.plan.experts, p.plan.top_k};
  if (!p.options.routes.empty()) {
    SLUICE_TRY(p.routes, runtime::PlayedRoutes::make(p.options.routes, shape));
  }
  if (!p.options.record_routes.empty()) {
    SLUICE_TRY_VOID(cache::check_route_shape(shape));
    p.recorder = std::make_unique<runtime::RouteRecorder>(p.options.record_routes, shape);
  }
  return {};
}

bool all_experts_fit(const Engine::Parts& p) {
  return p.memory.slot_count >= int64_t{p.plan.experts} * static_cast<int64_t>(p.plan.expert_layers.size());
}

// What the system keeps of the trunk while it is read would come on top of the budget: it is dropped on the way. A model
// that fits altogether is small, and will be opened again soon.
std::function<void(double)> load_progress(const Engine::Parts& p, bool page_cache_wanted) {
  if (all_experts_fit(p) || page_cache_wanted) return p.options.load_progress;
  return [&p, dropped = 0.0](double share) mutable {
    constexpr double kStep = 0.02;
    if (share - dropped >= kStep || share >= 1) {
      for (const io::File& file : p.files.files) file.drop_cached();
      dropped = share;
    }
    if (p.options.load_progress) p.options.load_progress(share);
  };
}

// Read while the drive is idle: what earlier runs used most and then, where all experts fit, the rest.
void warm_start(Engine::Parts& p) {
  std::vector<int32_t> experts;
  p.uses = std::make_unique<runtime::UseCounts>(static_cast<int32_t>(p.plan.trunk_expert_layers()), p.plan.experts);
  p.experts->set_uses(p.uses.get());
  if (!p.options.use_counts.empty() && p.uses->read(p.options.use_counts).ok()) experts = p.uses->favourites();
  if (p.options.read_all && all_experts_fit(p)) {
    const size_t first = experts.size();
    experts.resize(first + static_cast<size_t>(p.plan.experts) * p.plan.expert_layers.size());
    std::iota(experts.begin() + static_cast<std::ptrdiff_t>(first), experts.end(), 0);
  }
  p.experts->warm(std::move(experts));
}

runtime::LookaheadMode lookahead_mode(const EngineOptions& o) {
  return o.lookahead == "on"    ? runtime::LookaheadMode::on
         : o.lookahead == "off" ? runtime::LookaheadMode::off
                                : runtime::LookaheadMode::automatic;
}

}  // namespace

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) {
  SLUICE_TRY_VOID(check_options(options));
  SLUICE_TRY(const cache::PolicyRow* policy, cache::choose_policy(options.policy));
  auto p = std::make_unique<Parts>();
  p->options = options;
  SLUICE_TRY(p->kernels, kernels::select(options.isa, activation_bits(options)));
  SLUICE_TRY(p->kv, kernels::kv_format(options.kv));
  SLUICE_TRY(p->files, store::open_model(options.model, options.more_models));
  SLUICE_TRY(p->plan, model::compile(p->files, runtime::wanted_of(options)));
  if (options.speculate == "mtp" && p->plan.draft_layers == 0) {
    return Error{Code::unsupported, fmt::format("--speculate mtp: {} has no prediction head; lookup works with every model", options.model)};
  }
  SLUICE_TRY(p->vocabulary, runtime::load_vocabulary(p->files));
  if (p->vocabulary.tokenizer && p->vocabulary.tokenizer->size() > p->plan.vocab) {
    return Error{Code::corrupt, fmt::format("{}: the tokenizer has {} tokens and the embedding {} rows; they are not of one model",
                                            options.model, p->vocabulary.tokenizer->size(), p->plan.vocab)};
  }
  SLUICE_TRY(p->expert_files, runtime::open_expert_files(p->files, p->plan, options.io));

  const int32_t threads = options.threads > 0 ? options.threads : cpu_count();
  runtime::MemoryRequest request;
  const uint64_t available = available_memory();
  request.budget = options.memory_bytes > 0 ? options.memory_bytes : runtime::default_budget(available);
  request.budget_given = options.memory_bytes > 0;
  request.context = options.context;
  request.kv = p->kv;
  request.chunk = options.chunk;
  request.threads = threads;
  request.vocabulary = p->vocabulary.tokenizer ? p->vocabulary.tokenizer->size() : 0;
  request.alignment = p->expert_files.alignment;
  request.small_pool = options.io == "buffered";
  request.lookahead = options.lookahead != "off";
  request.snapshots = options.snapshot_bytes;
  request.sessions = options.sessions;
  request.drafts = runtime::drafts_of(options);
  runtime::SlotPlan slots;
  SLUICE_TRY(p->memory, runtime::plan_memory(p->plan, request, &slots));
  p->info = runtime::describe(p->files, p->plan, p->memory, p->kv);

  SLUICE_TRY(p->placement, runtime::place_threads(options.pin, threads, distinct_first(allowed_cpus(), core_of)));
  p->threads = std::make_unique<ThreadPool>(threads, p->placement.compute);
  if (p->threads->size() < threads) {
    return Error{Code::over_budget, fmt::format("--threads {}: the system lets this process start only {}", threads, p->threads->size())};
  }
  SLUICE_TRY(p->trunk, model::load_trunk(p->files, p->plan, load_progress(*p, request.small_pool)));
  lock_memory({p->trunk.memory.data(), p->trunk.memory.size()});
  p->token_bytes = runtime::token_bytes(p->plan, p->kv);
  SLUICE_TRY(p->experts, make_store(*p, std::move(slots), *policy));
  p->io_name = p->expert_files.mode == io::Mode::direct ? "direct" : "buffered";
  if (options.memory_bytes == 0 && options.io != "buffered") p->keeper.emplace(p->experts->pool(), runtime::memory_reserve(available));
  p->trace = Trace(options.trace_spans);
  if (p->trace.on()) p->experts->set_trace(&p->trace);
  p->lookahead.emplace(p->plan, lookahead_mode(options));
  SLUICE_TRY_VOID(add_routes(*p));
  warm_start(*p);
  SLUICE_TRY(auto workspace, device::make_workspace(p->plan, std::max(p->memory.chunk, 1 + request.drafts), p->memory.context, threads));
  p->device.emplace(p->plan, p->trunk, *p->kernels, *p->threads, std::move(workspace));
  if (request.lookahead) p->device->prepare_forecasts();
  // A large model has a hundred thousand tensors; the plan's extents and the trunk are all that is needed from here on.
  p->plan.matrices = {};
  p->plan.vectors = {};
  p->files.tensors = {};
  return std::unique_ptr<Engine>(new Engine(std::move(p)));
}

Status Engine::write_trace(const std::string& path) const {
  if (!parts_->trace.on()) return Error{Code::invalid, "no spans were kept; open the engine with trace_spans"};
  return runtime::write_trace_file(parts_->trace, path);
}

const ModelInfo& Engine::info() const { return parts_->info; }
const MemoryPlan& Engine::memory() const { return parts_->memory; }
const text::Tokenizer* Engine::tokenizer() const { return parts_->vocabulary.tokenizer.get(); }
const text::ChatTemplate* Engine::chat_template() const {
  return parts_->vocabulary.chat_template ? &*parts_->vocabulary.chat_template : nullptr;
}
const std::string& Engine::chat_template_error() const { return parts_->vocabulary.template_error; }
std::span<const int32_t> Engine::stop_tokens() const { return parts_->vocabulary.stop_tokens; }
const SamplingOptions& Engine::recommended_sampling() const { return parts_->vocabulary.recommended; }

Result<std::unique_ptr<Session>> Engine::new_session() {
  if (parts_->sessions_open == parts_->memory.sessions) {
    return Error{Code::over_budget, fmt::format("{} session{} open, and the memory plan has room for no more; close one first",
                                                parts_->sessions_open, parts_->sessions_open == 1 ? " is" : "s are")};
  }
  SLUICE_TRY(device::State state, device::make_state(parts_->plan, parts_->memory.context, parts_->kv,
                                                     runtime::drafts_of(parts_->options) > 0));
  auto s = std::unique_ptr<Session::Parts>(new Session::Parts{*parts_, std::move(state), {}});
  s->logits.resize(static_cast<size_t>(parts_->plan.vocab));
  s->drafter = runtime::make_drafter(*s);
  ++parts_->sessions_open;
  return std::unique_ptr<Session>(new Session(std::move(s)));
}

Result<std::unique_ptr<const text::Tokenizer>> load_tokenizer(const std::string& model) {
  SLUICE_TRY(store::ModelFiles files, store::open_model(model));
  SLUICE_TRY(runtime::Vocabulary vocabulary, runtime::load_vocabulary(files));
  if (vocabulary.tokenizer == nullptr) return Error{Code::not_found, model + ": the model has no tokenizer"};
  return std::move(vocabulary.tokenizer);
}

}  // namespace sluice

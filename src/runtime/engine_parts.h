// What an Engine and a Session are made of. Inside runtime, and for tests that watch the pipeline.
#pragma once

#include <memory>
#include <optional>

#include "base/threads.h"
#include "base/trace.h"
#include "device/cpu/cpu_device.h"
#include "kernels/kernel_table.h"
#include "model/plan.h"
#include "model/trunk.h"
#include "runtime/drafter.h"
#include "runtime/expert_files.h"
#include "runtime/expert_store.h"
#include "runtime/limit.h"
#include "runtime/lookahead.h"
#include "runtime/placement.h"
#include "runtime/pipeline.h"
#include "runtime/pool_keeper.h"
#include "runtime/routes.h"
#include "runtime/vocabulary.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "store/model_files.h"

namespace sluice {

// Members refer to those above them; the order is the order of construction.
struct Engine::Parts {
  EngineOptions options;
  store::ModelFiles files;
  runtime::Vocabulary vocabulary;
  model::Plan plan;
  ModelInfo info;
  MemoryPlan memory;
  const kernels::KernelTable* kernels = nullptr;
  runtime::Placement placement;
  kernels::KvFormat kv = kernels::KvFormat::f32;
  std::unique_ptr<ThreadPool> threads;
  model::Trunk trunk;
  runtime::ExpertFiles expert_files;
  std::unique_ptr<runtime::ExpertStore> experts;
  std::optional<device::CpuDevice> device;
  std::optional<runtime::Lookahead> lookahead;
  std::unique_ptr<runtime::PlayedRoutes> routes;      // null: the routers' own
  std::unique_ptr<runtime::RouteRecorder> recorder;   // null: nobody asked
  std::optional<runtime::PoolKeeper> keeper;          // of memory that was found free
  std::unique_ptr<runtime::UseCounts> uses;           // of this run; kept where EngineOptions::use_counts says
  Trace trace;
  runtime::TokenBytes token_bytes;
  std::string io_name;
  int32_t sessions_open = 0;
  runtime::Observer* observer = nullptr;
};

struct Session::Parts {
  Engine::Parts& engine;
  device::State state;
  std::vector<float> logits;   // of the last token taken in, [vocab]
  bool has_logits = false;
  std::optional<int32_t> pending = {};  // the last token generated, not yet taken in
  PhaseTimes phases = {};      // of all passes so far
  std::vector<float> draft_logits = {};            // of a pass over a token and its drafts, [1 + drafts, vocab]
  std::unique_ptr<runtime::Drafter> drafter = {};  // null: nothing is guessed ahead
  bool broken = false;         // a failed read left the recurrent states half advanced

  ~Parts() { --engine.sessions_open; }
};

}  // namespace sluice

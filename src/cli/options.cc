#include "cli/options.h"

#include <filesystem>

#include "cli/models_folder.h"
#include "cli/profile.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTraceSpans = size_t{1} << 18;  // 10 MB, 30 as a file: some hundred tokens of a large model

// Beside the build, in the source it was built from, or installed.
std::string demo_model() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::vector<fs::path> places = {fs::path(SLUICE_SOURCE_DIR) / "models/demo.gguf"};
  if (!folder.empty()) {
    places.insert(places.begin(), folder / "../../models/demo.gguf");
    places.push_back(folder / "../share/sluice/demo.gguf");
  }
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place, ignored)) return place.lexically_normal().string();
  }
  return "";
}

}  // namespace

void add_model(Arguments& a, ModelOptions& o) {
  const Take model = [&out = o.engine](const std::string& value) -> std::optional<std::string> {
    // Empty would mean the demo: a script whose variable is unset should hear of it.
    if (value.empty()) return "must name a model";
    out.model.empty() ? void(out.model = value) : out.more_models.push_back(value);
    return std::nullopt;
  };
  a.repeatable("-m,--model", "MODEL", model,
               "a .gguf, a folder of safetensors, a .safetensors file, a pack or a pulled model's name; without it the demo. Again: a folder or "
               "file on another drive with missing parts or copies of it");
  a.flag("--json", o.json, "print one JSON object on standard output instead");
}

void add_shape(Arguments& a, ModelOptions& o) {
  a.option("--ctx", "N", integer(o.engine.context, 1, INT64_MAX),
           "positions a session holds (the model's, at most 8192)");
  a.option("--experts", "K", integer(o.engine.experts, 1),
           "experts per token (as trained; anything else changes the output)");
  a.option("--kv", "FORMAT", one_of(o.engine.kv, {"f32", "f16", "q8"}),
           "how keys and values are kept: f32, f16 or q8 (f32; the others are smaller and change the output a little)");
  a.option("--threads", "N", integer(o.engine.threads, 1, 1024), "compute threads (one a core)");
  a.option("--chunk", "N", integer(o.engine.chunk, 1, 65536),
           "prompt tokens computed at once (as memory allows, up to 256)");
}

void add_running(Arguments& a, ModelOptions& o) {
  a.option("--memory", "SIZE", size(o.engine.memory_bytes),
           "all the process may use: 8G, 512M, 1.5GiB, 4096 (what is free)");
  a.option("--isa", "NAME", text(o.engine.isa), "kernels by name (the best this processor has)");
  a.option("--activations", "BITS", integer(o.engine.activations, 8, 16),
           "bits of activations in products: 16, or 8 (faster prompts; changes the output a little) (16)");
  a.option("--pin", "WHEN", one_of(o.engine.pin, {"auto", "on", "off"}),
           "keep each compute thread on a core of its own: auto, on or off (auto)");
  a.option("--io", "MODE", one_of(o.engine.io, {"auto", "direct", "buffered"}), "auto, direct or buffered (auto)");
  a.option("--io-backend", "NAME", text(o.engine.io_backend), "how reads are queued: uring, pread (the best here)");
  a.option("--lookahead", "WHEN", one_of(o.engine.lookahead, {"auto", "on", "off"}), "auto, on or off (auto)");
  a.option("--speculate", "HOW", one_of(o.engine.speculate, {"auto", "mtp", "lookup", "off"}),
           "guess tokens ahead and check them together; changes no result: with the model's prediction head (mtp), from what "
           "followed the same words before (lookup), either while it pays (auto) (off)");
  a.option("--draft", "N", integer(o.engine.draft, 1, 3), "most tokens guessed at once, 1 to 3 (3)");
  a.option("--policy", "NAME", text(o.engine.policy), "which expert leaves the cache (the default policy)");
  a.option("--seed", "N", natural(o.seed), "of the random draws (a new one each run, shown at the end)");
}

void add_rates(Arguments& a, ModelOptions& o) {
  a.option("--ssd", "GB/s", real(o.engine.ssd_gb_s, {0, 1e6, true}), "what the drive reads (as sluice doctor found)");
  a.option("--ram", "GB/s", real(o.engine.ram_gb_s, {0, 1e6, true}), "what memory reads (as sluice doctor found)");
}

void add_look_inside(Arguments& a, ModelOptions& o, LookInside& inside) {
  a.flag("--timing", inside.timing, "show where the time of a token went");
  const Take trace = [&](const std::string& value) -> std::optional<std::string> {
    inside.trace = value;
    o.engine.trace_spans = kTraceSpans;
    return value.empty() ? std::optional<std::string>("must name a file") : std::nullopt;
  };
  a.option("--trace", "FILE.json", trace, "write the last steps and reads for ui.perfetto.dev or chrome://tracing");
  a.option("--record-routes", "FILE", text(o.engine.record_routes), "write which experts every token used");
}

void choose_rates(EngineOptions& o) {
  if (o.ssd_gb_s > 0 && o.ram_gb_s > 0) return;
  const std::string path = profile_path();
  std::error_code ignored;
  if (path.empty() || !fs::exists(path, ignored)) return;
  if (const auto info = inspect(o); info.ok()) choose_rates(o, *info);  // its errors are the engine's to tell
}

void choose_rates(EngineOptions& o, const ModelInfo& info) {
  const std::string path = profile_path();
  if (path.empty()) return;
  const Rates rates = read_rates(path, o.model, info.read_bytes);
  if (o.ssd_gb_s == 0) o.ssd_gb_s = rates.ssd_gb_s;
  if (o.ram_gb_s == 0) o.ram_gb_s = rates.ram_gb_s;
}

Status choose_model(EngineOptions& options) {
  if (options.model.empty()) options.model = demo_model();
  if (options.model.empty())
    return Error{Code::not_found, "no model, and the demo model is not there; name one with -m MODEL"};
  SLUICE_TRY(options.model, model_path(options.model));
  return {};
}

}  // namespace sluice::cli

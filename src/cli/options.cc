#include "cli/options.h"

#include <filesystem>

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

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
               "a .gguf, a folder of safetensors or a .safetensors file; without it the demo. Again: a folder or file on "
               "another drive with missing parts or copies of it");
  a.flag("--json", o.json, "print one JSON object on standard output instead");
}

void add_shape(Arguments& a, ModelOptions& o) {
  a.option("--ctx", "N", integer(o.engine.context, 1, INT64_MAX),
           "positions a session holds (the model's, at most 8192)");
  a.option("--experts", "K", integer(o.engine.experts, 1),
           "experts per token (as trained; anything else changes the output)");
  a.option("--threads", "N", integer(o.engine.threads, 1, 1024), "compute threads (one a core)");
  a.option("--chunk", "N", integer(o.engine.chunk, 1, 65536),
           "prompt tokens computed at once (as memory allows, up to 256)");
}

void add_running(Arguments& a, ModelOptions& o) {
  a.option("--memory", "SIZE", size(o.engine.memory_bytes),
           "all the process may use: 8G, 512M, 1.5GiB, 4096 (what is free)");
  a.option("--isa", "NAME", text(o.engine.isa), "kernels by name (the best this processor has)");
  a.option("--io", "MODE", one_of(o.engine.io, {"auto", "direct", "buffered"}), "auto, direct or buffered (auto)");
  a.option("--lookahead", "WHEN", one_of(o.engine.lookahead, {"auto", "on", "off"}), "auto, on or off (auto)");
  a.option("--seed", "N", natural(o.seed), "of the random draws (a new one each run, shown at the end)");
}

Status choose_model(EngineOptions& options) {
  if (options.model.empty()) options.model = demo_model();
  if (options.model.empty())
    return Error{Code::not_found, "no model, and the demo model is not there; name one with -m MODEL"};
  return {};
}

}  // namespace sluice::cli

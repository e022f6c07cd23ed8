// sluice pack: a model with one record an expert, and whether such a one is whole.
#include "sluice/pack.h"

#include <fmt/format.h>

#include <chrono>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/models_folder.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "store/pack_plan.h"

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Request {
  PackOptions pack;
  std::string folder;
  bool verify = false;
};

std::optional<int> parse(const Args& args, Request& o) {
  Arguments a("pack -m MODEL --out DIR [OPTIONS], or pack --verify DIR",
              "Copies a model into a folder with one aligned, checksummed record for every routed expert, so that a "
              "miss is one large read. It gives the same output; use the folder as -m.");
  a.group("What to pack (defaults in brackets)");
  a.option("-m,--model", "MODEL", text(o.pack.model), "a .gguf, a folder of safetensors or a .safetensors file");
  a.option("--out", "DIR", text(o.pack.out), "the pack; where an earlier run was stopped, the same command goes on");
  std::string layouts;
  for (const auto& layout : store::pack_layouts()) {
    layouts += fmt::format("{}{}: {}", layouts.empty() ? "" : "; ", layout.name, layout.about);
  }
  a.option("--layout", "NAME", text(o.pack.layout), fmt::format("[{}] {}", o.pack.layout, layouts));
  a.group("Checking");
  a.flag("--verify", o.verify, "read a pack and compare it with its checksums; with --out, after making it");
  a.positional("DIR", text(o.folder), "the pack to verify; -m names it too");
  a.excludes("DIR", {"--model", "--out"});
  a.remark("example: sluice pack -m model.gguf --out model.pack && sluice run -m model.pack Hello");
  return a.parse(args);
}

std::string bytes(uint64_t count) {
  return show_bytes(static_cast<double>(count));
}

int make(PackOptions& o) {
  const auto start = Clock::now();
  Result<PackReport> report = [&] {
    ProgressLine line;
    o.progress = [&line](uint64_t done, uint64_t total) { line.show_copy(done, total); };
    return pack(o);
  }();
  if (!report.ok()) return refused(report.error());
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (report->resumed == report->bytes) {
    note(fmt::format("{}: {}, finished before", o.out, bytes(report->bytes)));
  } else {
    const std::string before = report->resumed > 0 ? fmt::format(", {} of it before", bytes(report->resumed)) : "";
    note(fmt::format("{}: {}{}, in {:.1f} s ({}/s)", o.out, bytes(report->bytes), before, seconds,
                     show_bytes(static_cast<double>(report->bytes - report->resumed) / seconds)));
  }
  return kGood;
}

int verify(PackOptions& o) {
  const auto start = Clock::now();
  Result<PackReport> report = [&] {
    ProgressLine line;
    o.progress = [&line](uint64_t done, uint64_t total) { line.show_copy(done, total); };
    return verify_pack(o);
  }();
  if (!report.ok()) return refused(report.error());
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  note(fmt::format("{}: {} have their checksums, in {:.1f} s ({}/s)", o.model, bytes(report->bytes), seconds,
                   show_bytes(static_cast<double>(report->bytes) / seconds)));
  return kGood;
}

}  // namespace

int pack_command(const Args& args) {
  Request o;
  if (const auto code = parse(args, o)) return *code;
  if (!o.verify && !o.folder.empty()) return wrong_usage("DIR goes with --verify (see sluice pack --help)");
  if (o.pack.model.empty()) o.pack.model = o.folder;
  if (o.pack.model.empty()) return wrong_usage("-m MODEL is needed (see sluice pack --help)");
  auto path = model_path(o.pack.model);
  if (!path.ok()) return refused(path.error());
  o.pack.model = std::move(*path);
  if (o.pack.out.empty() && !o.verify) return wrong_usage("--out DIR is needed (see sluice pack --help)");
  o.pack.cancel = watch_interrupts();
  if (!o.pack.out.empty()) {
    if (const int code = make(o.pack); code != kGood || !o.verify) return code;
    o.pack.model = o.pack.out;
  }
  return verify(o.pack);
}

}  // namespace sluice::cli

// sluice synth: a model of a true shape with random weights.
#include "store/synth.h"

#include <fmt/format.h>

#include <chrono>

#include "base/machine.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "store/synth_shape.h"

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;

// "on", "off" or a deviation.
Take skew(float& out) {
  return [&out](const std::string& value) -> std::optional<std::string> {
    std::optional<float> number;
    if (value == "on") number = store::SynthOptions().skew;
    if (value == "off") number = 0.0f;
    if (!number && real(number, {0, 100})(value)) return "must be on, off or a number from 0 to 100";
    out = *number;
    return std::nullopt;
  };
}

std::optional<int> parse(const Args& args, store::SynthOptions& o) {
  Arguments a("synth --shape NAME --out FILE.gguf [OPTIONS]",
              "Writes a model of a true shape with random weights: to measure a machine before a large download.");
  a.group("Model (defaults in brackets)");
  a.option("--shape", "NAME", text(o.shape), store::synth_shape_names());
  a.option("--layers", "N", integer(o.layers, 1), "only the first N layers");
  a.option("--quant", "NAME", text(o.format),
           fmt::format("format of the matrices [Q4_K]: {}", store::synth_format_names()));
  a.option("--vocab", "FILE.gguf", text(o.vocabulary), "copy this file's tokenizer instead of generating one");
  a.option("--skew", "on|off|X", skew(o.skew), "some experts more popular than others, X: by how much [on]");
  a.option("--seed", "N", integer(o.seed, 0, INT64_MAX), "another seed, other weights [1]");
  a.group("Output");
  a.option("--out", "FILE.gguf", text(o.out), "appears when it is complete; replaced when it is there");
  a.option("--threads", "N", integer(o.threads, 1, 1024), "does not change the file (one a core)");
  a.remark(
      "example: sluice synth --shape qwen3.5-35b-a3b --out synth-35b.gguf && sluice run -m synth-35b.gguf --memory 8G "
      "Hello");
  return a.parse(args);
}

}  // namespace

int synth_command(const Args& args) {
  store::SynthOptions o;
  o.threads = cpu_count();
  if (const auto code = parse(args, o)) return *code;
  for (const auto& [name, value] : {std::pair{"--shape", &o.shape}, {"--out", &o.out}}) {
    if (value->empty()) return wrong_usage(fmt::format("{} is needed (see sluice synth --help)", name));
  }
  o.cancel = watch_interrupts();
  const auto start = Clock::now();
  Result<store::SynthReport> report = [&] {
    ProgressLine line;
    o.progress = [&line](uint64_t done, uint64_t total) { line.show_copy(done, total); };
    return store::synthesize(o);
  }();
  if (!report.ok()) return refused(report.error());
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  note(fmt::format("{}: {}, {} tensors, {:.2f} billion parameters, in {:.1f} s ({}/s)", o.out,
                   show_bytes(static_cast<double>(report->bytes)), report->tensors,
                   static_cast<double>(report->parameters) / 1e9, seconds,
                   show_bytes(static_cast<double>(report->bytes) / seconds)));
  return kGood;
}

}  // namespace sluice::cli

// sluice doctor: measures the drive and the machine, says what that means, and remembers it.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>

#include "base/machine.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/diagnosis.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/profile.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "io/backend.h"
#include "io/scratch_file.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

struct DoctorOptions {
  std::optional<std::string> folder, model;
  std::string backend;
  uint64_t size = 0;
  bool quick = false, json = false, no_save = false;
};

std::optional<int> parse(const Args& args, DoctorOptions& o) {
  std::vector<std::string> names;
  for (const auto& backend : io::backends()) names.emplace_back(backend.name);
  Arguments a("doctor [OPTIONS]",
              "Measures the drive and the memory of this machine, says what that means for running models larger than "
              "memory, and saves the figures as a profile.");
  a.group("What to measure (the drive of the current folder)");
  a.option("--dir", "FOLDER", text(o.folder), "the drive of this folder, with a test file that is removed again");
  a.option("-m,--model", "MODEL", text(o.model), "the drive of this model, by reading it: a file, or a folder of them");
  a.option("--size", "SIZE", size(o.size), "of the test file (4G; with --quick 512M)");
  a.option("--backend", "NAME", one_of(o.backend, std::move(names)), "the way to read (the best that runs here)");
  a.flag("--quick", o.quick, "some seconds instead of half a minute, and rougher");
  a.group("What to do with it");
  a.flag("--json", o.json, "print one JSON object on standard output instead");
  a.flag("--no-save", o.no_save, "leave the profile as it is");
  a.excludes("--model", {"--dir", "--size"});
  a.remark("The profile is $XDG_CONFIG_HOME/sluice/profile.json or ~/.config/sluice/profile.json.");
  return a.parse(args);
}

// The largest file stands for a folder's model. Errors: not_found.
Result<std::string> file_of(const std::string& model) {
  std::error_code error;
  if (!fs::is_directory(model, error)) return model;
  std::string largest;
  uintmax_t most = 0;
  for (const auto& entry : fs::directory_iterator(model, error)) {
    std::error_code ignored;
    if (!entry.is_regular_file(ignored) || entry.file_size(ignored) <= most) continue;
    most = entry.file_size(ignored);
    largest = entry.path().string();
  }
  if (largest.empty()) return Error{Code::not_found, model + ": no file in this folder"};
  return largest;
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

io::ProbeOptions probe_options(const DoctorOptions& o) {
  io::ProbeOptions probe;
  probe.backend = o.backend;
  if (o.quick) {
    probe.sizes = {256 << 10, 1 << 20};
    probe.depths = {1, 4, 8};
    probe.seconds = 0.15;
  }
  return probe;
}

Result<io::Probe> probe_drive(const DoctorOptions& o, const std::atomic<bool>& stop) {
  ProgressLine line;
  auto options = probe_options(o);
  options.go_on = [&](size_t cell, size_t cells) {
    line.show("measuring the drive", static_cast<double>(cell) / static_cast<double>(cells));
    return !stop;
  };
  if (o.model) {
    SLUICE_TRY(const std::string file, file_of(*o.model));
    return probe_file(file, options);
  }
  const uint64_t size = o.size > 0 ? o.size : uint64_t{o.quick ? 512u : 4096u} << 20;
  SLUICE_TRY(const auto scratch, io::ScratchFile::create(o.folder.value_or("."), size, [&](uint64_t written) {
               line.show("writing a test file", static_cast<double>(written) / static_cast<double>(size));
               return !stop;
             }));
  return probe_file(scratch.path(), options);
}

Result<Diagnosis> diagnose(const DoctorOptions& o, const std::atomic<bool>& stop) {
  Diagnosis d;
  d.written = now_utc();
  d.cpu = cpu_name();
  d.cores = cpu_count();
  d.memory = physical_memory();
  d.available = available_memory();
  d.cgroup = cgroup_memory();
  d.lockable = lockable_memory();
  d.huge_pages = huge_page_mode();
  d.kernels = instruction_sets();
  std::error_code error;
  const std::string path = o.model ? *o.model : o.folder.value_or(".");
  d.path = fs::weakly_canonical(path, error).string();
  d.device = device_of(path);
  SLUICE_TRY(d.probe, probe_drive(o, stop));
  // A quarter of what is free where memory is short, but past any cache where it is not.
  const uint64_t sweep = std::min(uint64_t{o.quick ? 256u : 1024u} << 20, d.available / 4);
  SLUICE_TRY(d.ram, measure_ram(d.cores, std::max(sweep, static_cast<uint64_t>(d.cores) << 20), o.quick ? 0.3 : 1));
  return d;
}

std::string for_a_person(const Diagnosis& d) {
  std::string out =
      fmt::format("{} (device {}), {} reads; {} ({} core{})\n\n{}\n", d.path, d.device, d.probe.backend,
                  d.cpu.empty() ? "processor" : d.cpu, d.cores, d.cores == 1 ? "" : "s", rate_tables(d.probe));
  for (const std::string& line : verdicts(d)) out += line + "\n";
  return out;
}

// Prints first: what was measured is worth seeing even where it cannot be saved.
Status report(const Diagnosis& d, const DoctorOptions& o) {
  text::Value profile = profile_value(d);
  SLUICE_TRY_VOID(o.json ? print_line(text::to_json(profile)) : print_text(for_a_person(d)));
  if (o.no_save) return {};
  const std::string path = profile_path();
  if (path.empty()) {
    note("the profile is not saved: neither XDG_CONFIG_HOME nor HOME is set");
    return {};
  }
  keep_other_drives(path, profile);
  SLUICE_TRY_VOID(save_profile(path, profile));
  note("profile saved in " + path);
  return {};
}

}  // namespace

int doctor_command(const Args& args) {
  DoctorOptions o;
  if (const auto code = parse(args, o)) return *code;
  const auto diagnosis = diagnose(o, *watch_interrupts());
  if (!diagnosis.ok()) return refused(diagnosis.error());
  const Status reported = report(*diagnosis, o);
  return reported.ok() ? kGood : failed(reported.error());
}

}  // namespace sluice::cli

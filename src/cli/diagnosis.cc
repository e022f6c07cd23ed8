#include "cli/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/machine.h"
#include "cli/json_output.h"
#include "cli/values.h"

namespace sluice::cli {
namespace {

using io::Mode;
using text::Value;

std::string bytes(uint64_t count) {
  return count == kNoLimit ? "no limit" : show_bytes(static_cast<double>(count));
}

// "512 KB": sizes of reads are powers of two, and shown so.
std::string read_size(uint64_t size) {
  if (size >= 1 << 20 && size % (1 << 20) == 0) return fmt::format("{} MB", size >> 20);
  return size % 1024 == 0 ? fmt::format("{} KB", size >> 10) : fmt::format("{} B", size);
}

std::string_view mode_name(Mode mode) {
  return mode == Mode::direct ? "direct" : "buffered";
}

double rate(const io::ProbeCell* cell) {
  return cell == nullptr ? 0 : cell->gb_s();
}

std::string drive_verdict(const io::Probe& probe) {
  const auto* direct = probe.knee(Mode::direct);
  const auto* buffered = probe.knee(Mode::buffered);
  std::string out = "drive: ";
  if (direct == nullptr) {
    out += "no direct reads";
  } else {
    out += fmt::format("{:.2f} GB/s direct at {} × {}", rate(direct), read_size(direct->size), direct->depth);
  }
  if (buffered != nullptr) {
    out += fmt::format("; buffered {:.2f} at {} × {}", rate(buffered), read_size(buffered->size), buffered->depth);
  }
  return out + fmt::format(": use {}", mode_name(choose_mode(probe)));
}

// What one read at a time loses, at the size of the best cell.
void add_depth_verdict(const io::Probe& probe, std::vector<std::string>& out) {
  const auto* best = probe.knee(choose_mode(probe));
  for (const auto& cell : probe.cells) {
    if (cell.mode != best->mode || cell.size != best->size || cell.depth != 1) continue;
    if (cell.gb_s() >= 0.9 * best->gb_s()) continue;
    out.push_back(fmt::format("drive: one read at a time gives {:.2f} GB/s ({:.0f} %): keep {} in flight", cell.gb_s(),
                              100 * cell.gb_s() / best->gb_s(), best->depth));
  }
}

void add_doubts(const io::Probe& probe, std::vector<std::string>& out) {
  if (!probe.direct_refused.empty()) out.push_back("drive: " + probe.direct_refused);
  if (probe.passes > 1) {
    out.push_back(
        fmt::format("caution: the test file of {} was read {} times over: a drive that remembers looks faster "
                    "than it is; a larger --size says more",
                    bytes(probe.file_bytes), probe.passes));
  }
  const double direct = rate(probe.knee(Mode::direct));
  if (direct > 0 && rate(probe.knee(Mode::buffered)) > 3 * direct) {
    out.push_back("caution: buffered reads are too fast to be the drive's: the page cache could not be emptied");
  }
}

void add_memory_verdicts(const Diagnosis& d, std::vector<std::string>& out) {
  out.push_back(fmt::format("memory: {:.1f} GB/s read by {} thread{}; {} in all, {} free, cgroup: {}", d.ram.gb_s,
                            d.cores, d.cores == 1 ? "" : "s", bytes(d.memory), bytes(d.available), bytes(d.cgroup)));
  const double share = static_cast<double>(d.ram.huge_bytes) / static_cast<double>(std::max<uint64_t>(d.ram.bytes, 1));
  out.push_back(fmt::format("huge pages: {}{}", d.huge_pages.empty() ? "unknown" : d.huge_pages,
                            share >= 0.9 ? ": given"
                                         : fmt::format(": only {:.0f} % given; set "
                                                       "/sys/kernel/mm/transparent_hugepage/enabled to madvise",
                                                       100 * share)));
  out.push_back(d.lockable >= d.memory
                    ? "locked memory: no limit"
                    : fmt::format("locked memory: at most {}: weights may be swapped or dropped under "
                                  "pressure; raise it with ulimit -l",
                                  bytes(d.lockable)));
}

const InstructionSetInfo& chosen_kernels(const Diagnosis& d) {
  return *std::find_if(d.kernels.rbegin(), d.kernels.rend(), [](const auto& set) { return set.supported; });
}

// The choice, and what keeps it from a better one.
std::string kernels_verdict(const Diagnosis& d) {
  const InstructionSetInfo& chosen = chosen_kernels(d);
  std::string out = fmt::format("kernels: {}, the best of this build that the processor runs", chosen.name);
  for (const InstructionSetInfo& set : d.kernels) {
    if (!set.supported) out += fmt::format("; {} needs {}", set.name, set.needs);
  }
  return out;
}

Value kernels_value(const Diagnosis& d) {
  Value sets = Value::list();
  for (const InstructionSetInfo& set : d.kernels) {
    sets.push(Value::map({{"name", string_value(set.name)}, {"needs", string_value(set.needs)}, {"supported", Value::boolean(set.supported)}}));
  }
  return Value::map({{"chosen", string_value(chosen_kernels(d).name)}, {"sets", sets}});
}

Value limit_value(uint64_t limit) {
  return limit == kNoLimit ? Value() : size_value(limit);
}

Value cell_value(const io::ProbeCell& cell) {
  return Value::map({{"mode", string_value(mode_name(cell.mode))},
                     {"size", size_value(cell.size)},
                     {"depth", Value::integer(cell.depth)},
                     {"gb_s", real_value(cell.gb_s())},
                     {"mean_ms", real_value(cell.mean_ms)},
                     {"p99_ms", real_value(cell.p99_ms)}});
}

Value knee_value(const io::ProbeCell* cell) {
  return cell == nullptr ? Value() : cell_value(*cell);
}

Value drive_value(const Diagnosis& d) {
  Value cells = Value::list();
  for (const auto& cell : d.probe.cells) cells.push(cell_value(cell));
  return Value::map({{"device", string_value(d.device)},
                     {"path", string_value(d.path)},
                     {"measured", string_value(d.written)},
                     {"backend", string_value(d.probe.backend)},
                     {"io", string_value(mode_name(choose_mode(d.probe)))},
                     {"alignment", size_value(d.probe.alignment)},
                     {"direct", knee_value(d.probe.knee(Mode::direct))},
                     {"buffered", knee_value(d.probe.knee(Mode::buffered))},
                     {"file_bytes", size_value(d.probe.file_bytes)},
                     {"passes", size_value(d.probe.passes)},
                     {"cells", cells}});
}

std::string rate_table(const io::Probe& probe, Mode mode) {
  std::vector<int32_t> depths;
  std::string rows;
  uint64_t size = 0;
  for (const auto& cell : probe.cells) {
    if (cell.mode != mode) continue;
    if (std::find(depths.begin(), depths.end(), cell.depth) == depths.end()) depths.push_back(cell.depth);
    if (cell.size != size) rows += fmt::format("{}  {:>8}", rows.empty() ? "" : "\n", read_size(cell.size));
    size = cell.size;
    rows += fmt::format("  {:5.2f} {:6.2f}", cell.gb_s(), cell.mean_ms);
  }
  if (rows.empty()) return "";
  std::string head =
      fmt::format("{}: GB/s and mean ms of a read, by reads in flight\n  {:>8}", mode_name(mode), "size");
  for (const int32_t depth : depths) head += fmt::format("  {:>12}", depth);
  return head + "\n" + rows + "\n";
}

}  // namespace

io::Mode choose_mode(const io::Probe& probe) {
  const double direct = rate(probe.knee(Mode::direct)), buffered = rate(probe.knee(Mode::buffered));
  return direct > 0 && direct >= 0.95 * buffered ? Mode::direct : Mode::buffered;
}

std::vector<std::string> verdicts(const Diagnosis& d) {
  std::vector<std::string> out = {drive_verdict(d.probe)};
  add_depth_verdict(d.probe, out);
  const double best = rate(d.probe.knee(choose_mode(d.probe)));
  out.push_back(fmt::format("drive: every 100 MB of experts that a token misses take {:.0f} ms", 100 / best));
  add_doubts(d.probe, out);
  add_memory_verdicts(d, out);
  out.push_back(kernels_verdict(d));
  return out;
}

std::string rate_tables(const io::Probe& probe) {
  return rate_table(probe, Mode::direct) + rate_table(probe, Mode::buffered);
}

Value profile_value(const Diagnosis& d) {
  Value lines = Value::list();
  for (const std::string& line : verdicts(d)) lines.push(string_value(line));
  const Value machine = Value::map({{"cpu", string_value(d.cpu)},
                                    {"cores", Value::integer(d.cores)},
                                    {"memory_bytes", size_value(d.memory)},
                                    {"available_bytes", size_value(d.available)},
                                    {"cgroup_bytes", limit_value(d.cgroup)},
                                    {"lockable_bytes", limit_value(d.lockable)},
                                    {"huge_pages", string_value(d.huge_pages)}});
  const Value ram = Value::map({{"gb_s", real_value(d.ram.gb_s)},
                                {"threads", Value::integer(d.cores)},
                                {"bytes", size_value(d.ram.bytes)},
                                {"huge_bytes", size_value(d.ram.huge_bytes)}});
  return Value::map({{"version", Value::integer(1)},
                     {"written", string_value(d.written)},
                     {"machine", machine},
                     {"ram", ram},
                     {"kernels", kernels_value(d)},
                     {"drives", Value::list({drive_value(d)})},
                     {"verdicts", lines}});
}

}  // namespace sluice::cli

#include "cli/profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "base/machine.h"
#include "cli/environment.h"
#include "io/file.h"
#include "text/template_text.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostProfile = 4 << 20;

const text::Value* member(const text::Value* value, std::string_view key) {
  return value != nullptr && value->is_map() ? value->find(key) : nullptr;
}

std::string text_of(const text::Value* value) {
  return value != nullptr && value->is_string() ? value->as_text().bytes() : "";
}

// 0 where there is no number, or none that a machine could have.
double number_of(const text::Value* value) {
  if (value == nullptr || !value->is_number()) return 0;
  const double number = value->as_real();
  return std::isfinite(number) && number > 0 && number < 1e15 ? number : 0;
}

std::string measured_device(const text::Value& drive) {
  return text_of(member(&drive, "device"));
}

// A profile of this machine: the user may have moved the disk, or share a home between machines.
bool is_of_this_machine(const text::Value& profile) {
  const text::Value* machine = member(&profile, "machine");
  const double memory = number_of(member(machine, "memory_bytes"));
  const auto here = static_cast<double>(physical_memory());
  return number_of(member(&profile, "version")) == 1 && text_of(member(machine, "cpu")) == cpu_name() &&
         std::abs(memory - here) < 0.1 * here;
}

// The drive's entry, unless its number has gone to another drive since.
const text::Value* measured_drive(const text::Value& profile, const std::string& device) {
  const text::Value* drives = member(&profile, "drives");
  if (device.empty() || drives == nullptr || !drives->is_list()) return nullptr;
  for (const text::Value& drive : drives->as_list().items) {
    if (measured_device(drive) != device) continue;
    const std::string there = device_of(text_of(member(&drive, "path")));
    return there.empty() || there == device ? &drive : nullptr;
  }
  return nullptr;
}

struct Cell {
  double depth, gb_s;
};

// Of the cells of one size: the fewest reads in flight within 5 % of the best, as in io::Probe::knee.
double knee_rate(const std::vector<Cell>& cells) {
  double best = 0;
  for (const Cell& cell : cells) best = std::max(best, cell.gb_s);
  const Cell* knee = nullptr;
  for (const Cell& cell : cells) {
    if (cell.gb_s >= 0.95 * best && (knee == nullptr || cell.depth < knee->depth)) knee = &cell;
  }
  return knee == nullptr ? 0 : knee->gb_s;
}

double drive_rate(const text::Value& drive, std::string_view mode, double read_bytes) {
  const text::Value* cells = member(&drive, "cells");
  if (cells == nullptr || !cells->is_list()) return 0;
  std::map<double, std::vector<Cell>> by_size;
  for (const text::Value& cell : cells->as_list().items) {
    const double size = number_of(member(&cell, "size")), rate = number_of(member(&cell, "gb_s"));
    if (text_of(member(&cell, "mode")) != mode || size == 0 || rate == 0) continue;
    by_size[size].push_back({number_of(member(&cell, "depth")), rate});
  }
  if (by_size.empty()) return 0;
  const auto above = by_size.lower_bound(read_bytes);
  if (above == by_size.end()) return knee_rate(by_size.rbegin()->second);
  if (above == by_size.begin()) return knee_rate(above->second);
  const auto below = std::prev(above);
  const double share = std::log(read_bytes / below->first) / std::log(above->first / below->first);
  return std::lerp(knee_rate(below->second), knee_rate(above->second), share);
}

Error failed_to(const char* what, const std::string& path) {
  return {Code::io, fmt::format("{}: cannot {}: {}", path, what, strerror(errno))};
}

Status write_synced(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return failed_to("create", path);
  Status status;
  while (status.ok() && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      status = failed_to("write", path);
    }
  }
  if (status.ok() && ::fsync(fd) != 0) status = failed_to("sync", path);
  ::close(fd);
  return status;
}

}  // namespace

std::string profile_path() {
  const fs::path folder = user_folder("XDG_CONFIG_HOME", ".config");
  return folder.empty() ? "" : (folder / "profile.json").string();
}

std::string device_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return "";
  return fmt::format("{}:{}", major(st.st_dev), minor(st.st_dev));
}

Rates read_rates(const std::string& path, const std::string& model, uint64_t read_bytes) {
  const auto bytes = io::read_text(path, kMostProfile);
  if (!bytes.ok()) return {};
  const auto profile = text::parse_json(*bytes);
  if (!profile.ok() || !is_of_this_machine(*profile)) return {};
  Rates rates;
  rates.ram_gb_s = number_of(member(member(&*profile, "ram"), "gb_s"));
  const text::Value* drive = measured_drive(*profile, device_of(model));
  if (drive == nullptr) return rates;
  rates.ssd_gb_s = drive_rate(*drive, "direct", static_cast<double>(read_bytes));
  if (rates.ssd_gb_s == 0) rates.ssd_gb_s = drive_rate(*drive, "buffered", static_cast<double>(read_bytes));
  return rates;
}

void keep_other_drives(const std::string& path, text::Value& profile) {
  const auto old_text = io::read_text(path, kMostProfile);
  if (!old_text.ok()) return;
  const auto old = text::parse_json(*old_text);
  const text::Value* drives = old.ok() && old->is_map() ? old->find("drives") : nullptr;
  if (drives == nullptr || !drives->is_list()) return;
  const text::Value* mine = profile.find("drives");
  const std::string measured = measured_device(mine->as_list().items.front());
  for (const text::Value& drive : drives->as_list().items) {
    const std::string device = measured_device(drive);
    if (!device.empty() && device != measured) mine->push(drive);
  }
}

Status save_profile(const std::string& path, const text::Value& profile) {
  const std::string folder = fs::path(path).parent_path().string();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{Code::io, fmt::format("{}: cannot create: {}", folder, error.message())};
  const std::string partial = fmt::format("{}.{}.partial", path, ::getpid());
  ::unlink(partial.c_str());
  Status status = write_synced(partial, text::to_json(profile, {.item_separator = ",", .indent = 1}) + "\n");
  if (status.ok() && ::rename(partial.c_str(), path.c_str()) != 0) status = failed_to("rename to it", path);
  if (!status.ok()) {
    ::unlink(partial.c_str());
    return status;
  }
  if (const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
    ::fsync(fd);  // the name; the bytes are safe already
    ::close(fd);
  }
  return {};
}

}  // namespace sluice::cli

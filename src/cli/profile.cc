#include "cli/profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "io/file.h"
#include "text/template_text.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostProfile = 4 << 20;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string device_of(const text::Value& drive) {
  const text::Value* device = drive.is_map() ? drive.find("device") : nullptr;
  return device != nullptr && device->is_string() ? device->as_text().bytes() : "";
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
  fs::path folder = variable("XDG_CONFIG_HOME");  // a relative one counts as unset, says its specification
  if (!folder.is_absolute()) {
    const std::string home = variable("HOME");
    if (home.empty()) return "";
    folder = fs::path(home) / ".config";
  }
  return (folder / "sluice" / "profile.json").string();
}

void keep_other_drives(const std::string& path, text::Value& profile) {
  const auto old_text = io::read_text(path, kMostProfile);
  if (!old_text.ok()) return;
  const auto old = text::parse_json(*old_text);
  const text::Value* drives = old.ok() && old->is_map() ? old->find("drives") : nullptr;
  if (drives == nullptr || !drives->is_list()) return;
  const text::Value* mine = profile.find("drives");
  const std::string measured = device_of(mine->as_list().items.front());
  for (const text::Value& drive : drives->as_list().items) {
    const std::string device = device_of(drive);
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

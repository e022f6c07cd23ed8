#include "hub/pull.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "hub/choose.h"
#include "hub/digest.h"
#include "hub/download.h"
#include "hub/part_file.h"
#include "text/quote.h"

namespace sluice::hub {
namespace {

namespace fs = std::filesystem;

std::string file_url(const PullOptions& o, const ModelName& name, const std::string& path) {
  std::string url =
      fmt::format("{}/{}/resolve/{}", o.access.endpoint, name.repository(), Connection::escape(o.revision));
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    url += "/" + Connection::escape(path.substr(at, end - at));
    at = end + 1;
  }
  return url;
}

// The first folder above `path` that is there.
fs::path existing(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && !fs::exists(path, ignored) && path != path.parent_path()) path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

Status check_room(const ModelName& name, const std::string& folder, const std::vector<RemoteFile>& files) {
  uint64_t needed = 0;
  for (const RemoteFile& file : files) {
    needed += file.size - std::min(file.size, reserved_bytes((fs::path(folder) / file.path).string()));
  }
  struct statvfs disk {};
  const std::string place = existing(fs::absolute(folder)).string();
  if (::statvfs(place.c_str(), &disk) != 0)
    return Error{Code::io, fmt::format("{}: cannot look at it: {}", place, strerror(errno))};
  const uint64_t room = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (needed <= room) return {};
  return Error{Code::io,
               fmt::format("{}: needs {:.2f} GB more, but the disk of {} has room for {:.2f} GB: free some, or name "
                           "another folder with --out",
                           name.shown(), static_cast<double>(needed) / 1e9, place, static_cast<double>(room) / 1e9)};
}

class Fetch {
 public:
  Fetch(const PullOptions& o, const ModelName& name, const std::string& folder) : o_(o), name_(name), folder_(folder) {}

  Result<PullReport> run(const std::vector<RemoteFile>& files);

 private:
  std::string local(const RemoteFile& file) const { return (fs::path(folder_) / file.path).string(); }
  void show(std::string_view doing, uint64_t done, uint64_t total) {
    if (o_.progress) o_.progress({doing, done, total, fetched_.load()});
  }
  Result<std::vector<RemoteFile>> lacking(const std::vector<RemoteFile>& files);
  Result<std::vector<PartFile>> open_all(const std::vector<RemoteFile>& files);
  Result<std::string> checked(const std::string& path, const RemoteFile& file);
  Status finish(PartFile& part, const RemoteFile& file);

  const PullOptions& o_;
  const ModelName& name_;
  const std::string& folder_;
  std::atomic<uint64_t> fetched_ = 0;
};

Result<std::string> Fetch::checked(const std::string& path, const RemoteFile& file) {
  uint64_t done = 0;
  return digest_of(path, file.kind, o_.access.cancel,
                   [&](uint64_t bytes) { show("checking", done += bytes, file.size); });
}

// Without those that an earlier pull finished.
Result<std::vector<RemoteFile>> Fetch::lacking(const std::vector<RemoteFile>& files) {
  std::vector<RemoteFile> out;
  for (const RemoteFile& file : files) {
    std::error_code error;
    const uint64_t size = fs::is_regular_file(local(file), error) ? fs::file_size(local(file), error) : 0;
    if (!fs::is_regular_file(local(file), error) || size != file.size) {
      out.push_back(file);
      continue;
    }
    SLUICE_TRY(const std::string digest, checked(local(file), file));
    if (digest != file.digest) out.push_back(file);
  }
  return out;
}

// All of them before the first is fetched: while one has its other name, the model is not finished (hub/local.h).
Result<std::vector<PartFile>> Fetch::open_all(const std::vector<RemoteFile>& files) {
  std::vector<PartFile> parts;
  for (const RemoteFile& file : files) {
    const fs::path folder = fs::path(local(file)).parent_path();
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return Error{Code::io, fmt::format("{}: cannot create: {}", folder.string(), error.message())};
    SLUICE_TRY(PartFile part, PartFile::open(local(file), file));
    parts.push_back(std::move(part));
  }
  return parts;
}

Status Fetch::finish(PartFile& part, const RemoteFile& file) {
  SLUICE_TRY(const std::string digest, checked(part.partial(), file));
  if (digest == file.digest) return part.finish();
  part.discard();
  return Error{Code::corrupt,
               fmt::format("{}: what came has {} {}, listed is {}; it was discarded: pull again, and if that does not "
                           "help, the copy at {} is bad",
                           file.path, digest_name(file.kind), digest, file.digest, o_.access.endpoint)};
}

Result<PullReport> Fetch::run(const std::vector<RemoteFile>& files) {
  PullReport report;
  for (const RemoteFile& file : files) report.bytes += file.size;
  SLUICE_TRY(const std::vector<RemoteFile> todo, lacking(files));
  SLUICE_TRY_VOID(check_room(name_, folder_, todo));
  SLUICE_TRY(std::vector<PartFile> parts, open_all(todo));
  uint64_t missing = 0;
  for (const PartFile& part : parts) missing += part.size() - part.spans().total();
  const uint64_t before = report.bytes - missing;
  for (size_t i = 0; i < todo.size(); ++i) {
    const auto watch = [&] { show("fetching", std::min(before + fetched_.load(), report.bytes), report.bytes); };
    SLUICE_TRY_VOID(download(o_, file_url(o_, name_, todo[i].path), parts[i], fetched_, watch));
    SLUICE_TRY_VOID(finish(parts[i], todo[i]));
  }
  report.fetched = fetched_;
  return report;
}

}  // namespace

Result<std::vector<RemoteFile>> choose_files(const std::vector<RemoteFile>& files, const ModelName& name) {
  std::vector<std::string> paths;
  for (const RemoteFile& file : files) paths.push_back(file.path);
  auto choice = choose(paths, name.tag);
  if (!choice.ok()) return std::move(choice).error().within(name.repository());
  std::vector<RemoteFile> out;
  for (const std::string& path : choice->paths) {
    out.push_back(*std::find_if(files.begin(), files.end(), [&](const RemoteFile& file) { return file.path == path; }));
  }
  return out;
}

Result<PullReport> fetch(const PullOptions& options, const ModelName& name, const std::vector<RemoteFile>& files,
                         const std::string& folder) {
  auto report = Fetch(options, name, folder).run(files);
  if (report.ok()) return report;
  if (report.error().code == Code::cancelled) {
    return Error{Code::cancelled, fmt::format("{}: stopped; the same command goes on from here", name.shown())};
  }
  return std::move(report).error().within(name.repository());
}

}  // namespace sluice::hub

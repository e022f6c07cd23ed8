#include "store/atomic_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace sluice::store {

Result<AtomicFile> AtomicFile::create(const std::string& path, uint64_t bytes) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    return Error{Code::invalid, fmt::format("{}: is there and not a regular file", path)};
  }
  SLUICE_TRY_VOID(check_room(path, folder_of(path), bytes));
  AtomicFile file;
  file.path_ = path;
  file.partial_ = fmt::format("{}.{}{}", path, ::getpid(), kPartialEnding);
  auto opened = DirectFile::open(file.partial_, path, bytes, DirectFile::Existing::refused);
  if (!opened.ok()) return std::move(opened).error();
  file.file_.emplace(std::move(opened).value());
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)), file_(std::move(other.file_)) {
  other.file_.reset();
}

AtomicFile::~AtomicFile() {
  if (file_) ::unlink(partial_.c_str());
}

Status AtomicFile::make_private() {
  if (::chmod(partial_.c_str(), S_IRUSR | S_IWUSR) == 0) return {};
  return Error{Code::io, fmt::format("{}: cannot be closed to others: {}", partial_, strerror(errno))};
}

Status AtomicFile::finish() {
  SLUICE_TRY_VOID(file_->sync());
  if (::rename(partial_.c_str(), path_.c_str()) != 0) {
    return Error{Code::io, fmt::format("{}: cannot rename to it: {}", path_, strerror(errno))};
  }
  file_.reset();
  sync_folder(folder_of(path_));  // the name; the bytes are safe already
  return {};
}

Status write_atomically(const std::string& path, std::string_view bytes) {
  SLUICE_TRY(AtomicFile file, AtomicFile::create(path, bytes.size()));
  SLUICE_TRY_VOID(file.write(0, std::as_bytes(std::span(bytes))));
  return file.finish();
}

}  // namespace sluice::store

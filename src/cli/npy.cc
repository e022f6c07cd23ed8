#include "cli/npy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/check.h"

namespace sluice::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "the header says little-endian");

constexpr size_t kFlushAt = 1 << 20;

// Magic, version 1.0, length and text of the header; all of it a multiple of 64 bytes (numpy/lib/format.py).
std::string header(uint64_t rows, uint64_t columns) {
  std::string text = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr size_t kBefore = 10;
  text.append(63 - (kBefore + text.size()) % 64, ' ');
  text += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(text.size() & 0xff);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

Result<NpyWriter> NpyWriter::create(const std::string& path, uint64_t rows, uint64_t columns) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    return Error{Code::invalid, fmt::format("{}: is there and not a regular file", path)};
  }
  NpyWriter w;
  w.path_ = path;
  w.partial_ = fmt::format("{}.{}.partial", path, ::getpid());
  w.columns_ = columns;
  w.rows_left_ = rows;
  w.fd_ = ::open(w.partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (w.fd_ < 0) return w.failed("cannot create");
  const std::string head = header(rows, columns);
  w.buffer_.assign(head.begin(), head.end());
  return w;
}

NpyWriter::NpyWriter(NpyWriter&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::move(other.partial_)),
      fd_(std::exchange(other.fd_, -1)),
      columns_(other.columns_),
      rows_left_(other.rows_left_),
      buffer_(std::move(other.buffer_)) {}

NpyWriter::~NpyWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(partial_.c_str());
}

Error NpyWriter::failed(const char* what) const {
  return {Code::io, fmt::format("{}: {}: {}", path_, what, strerror(errno))};
}

Status NpyWriter::flush() {
  for (size_t done = 0; done < buffer_.size();) {
    const ssize_t count = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot write");
    done += static_cast<size_t>(count);
  }
  buffer_.clear();
  return {};
}

Status NpyWriter::add(std::span<const float> row) {
  SLUICE_CHECK(row.size() == columns_ && rows_left_ > 0);
  --rows_left_;
  const char* bytes = reinterpret_cast<const char*>(row.data());
  buffer_.insert(buffer_.end(), bytes, bytes + row.size_bytes());
  return buffer_.size() >= kFlushAt ? flush() : Status();
}

Status NpyWriter::finish() {
  SLUICE_CHECK(rows_left_ == 0);
  SLUICE_TRY_VOID(flush());
  if (::fsync(fd_) != 0) return failed("cannot sync");
  if (::rename(partial_.c_str(), path_.c_str()) != 0) return failed("cannot rename to it");
  ::close(std::exchange(fd_, -1));
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);  // the name; the bytes are safe already
    ::close(folder);
  }
  return {};
}

}  // namespace sluice::cli

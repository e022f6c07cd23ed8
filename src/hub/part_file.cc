#include "hub/part_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sluice::hub {
namespace {

constexpr size_t kMostJournal = size_t{64} << 20;

std::string first_line(const RemoteFile& file) {
  return fmt::format("sluice pull 1 {} {}\n", file.size, file.digest);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string read_all(int fd) {
  std::string out;
  char block[65536];
  while (out.size() < kMostJournal) {
    const ssize_t n = ::pread(fd, block, sizeof block, static_cast<off_t>(out.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    out.append(block, static_cast<size_t>(n));
  }
  return out;
}

std::optional<Span> parse_span(std::string_view line, uint64_t size) {
  Span span;
  const char* end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, span.start);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, span.length);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  if (span.start > size || span.length > size - span.start) return std::nullopt;
  return span;
}

}  // namespace

void Spans::add(Span span) {
  if (span.length == 0) return;
  uint64_t start = span.start, end = span.start + span.length;
  auto at = ends_.upper_bound(start);
  if (at != ends_.begin() && std::prev(at)->second >= start) --at;
  while (at != ends_.end() && at->first <= end) {
    start = std::min(start, at->first);
    end = std::max(end, at->second);
    at = ends_.erase(at);
  }
  ends_[start] = end;
}

uint64_t Spans::total() const {
  uint64_t sum = 0;
  for (const auto& [start, end] : ends_) sum += end - start;
  return sum;
}

std::vector<Span> Spans::missing(uint64_t size, uint64_t most) const {
  std::vector<Span> out;
  uint64_t at = 0;
  const auto gap_until = [&](uint64_t end) {
    for (; at < end; at += out.back().length) out.push_back({at, std::min(most, end - at)});
  };
  for (const auto& [start, end] : ends_) {
    gap_until(std::min(start, size));
    at = std::max(at, end);
  }
  gap_until(size);
  return out;
}

std::optional<Spans> parse_journal(std::string_view text, const RemoteFile& file) {
  const std::string head = first_line(file);
  if (!text.starts_with(head)) return std::nullopt;
  text.remove_prefix(head.size());
  Spans spans;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    if (const auto span = parse_span(text.substr(0, end), file.size)) spans.add(*span);
  }
  return spans;
}

PartFile::PartFile(PartFile&& other) noexcept
    : path_(std::move(other.path_)),
      size_(other.size_),
      fd_(std::exchange(other.fd_, -1)),
      journal_(std::exchange(other.journal_, -1)),
      spans_(std::move(other.spans_)),
      mutex_(std::move(other.mutex_)) {}

PartFile::~PartFile() {
  if (fd_ >= 0) ::close(fd_);
  if (journal_ >= 0) ::close(journal_);
}

Error PartFile::failed(const char* what) const {
  return {Code::io, fmt::format("{}: cannot {}: {}", path_, what, strerror(errno))};
}

Result<PartFile> PartFile::open(const std::string& path, const RemoteFile& file) {
  PartFile part;
  part.path_ = path;
  part.size_ = file.size;
  SLUICE_TRY_VOID(part.open_both(file));
  return part;
}

Status PartFile::open_both(const RemoteFile& file) {
  constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  const std::string journal = path_ + std::string(kJournalEnding);
  journal_ = ::open(journal.c_str(), flags | O_APPEND, 0666);
  if (journal_ < 0) return failed("create its journal");
  if (::flock(journal_, LOCK_EX | LOCK_NB) != 0) {
    return Error{Code::io, fmt::format("{}: another sluice pull fetches it now", path_)};
  }
  const std::string before = read_all(journal_);
  const auto kept = parse_journal(before, file);
  struct stat st {};
  const bool there = ::stat(partial().c_str(), &st) == 0;
  fd_ = ::open(partial().c_str(), flags, 0666);
  if (fd_ < 0) return failed("create it");
  if (kept && there && static_cast<uint64_t>(st.st_size) == size_) {
    spans_ = *kept;
    if (!before.ends_with('\n') && !write_all(journal_, "\n"))
      return failed("write its journal");  // a torn line ends here
  } else {
    SLUICE_TRY_VOID(start_journal(file));
  }
  return reserve();
}

Status PartFile::start_journal(const RemoteFile& file) {
  if (::ftruncate(journal_, 0) != 0 || !write_all(journal_, first_line(file))) return failed("write its journal");
  return {};
}

// A file system that cannot promise room will say so while writing.
Status PartFile::reserve() {
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) return failed("reserve room for it");
#ifdef __linux__
  int done = 0;
  while (size_ > 0 && (done = ::fallocate(fd_, 0, 0, static_cast<off_t>(size_))) != 0 && errno == EINTR) {
  }
  if (done != 0 && errno != EOPNOTSUPP && errno != ENOSYS) return failed("reserve room for it");
#endif
  return {};
}

Status PartFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

Status PartFile::note(Span span) {
  if (span.length == 0) return {};
  if (::fsync(fd_) != 0) return failed("make it durable");
  const std::lock_guard lock(*mutex_);
  return write_all(journal_, fmt::format("{} {}\n", span.start, span.length)) ? Status() : failed("write its journal");
}

Status PartFile::finish() {
  if (::fsync(fd_) != 0) return failed("make it durable");
  if (::rename(partial().c_str(), path_.c_str()) != 0) return failed("give it its name");
  ::unlink((path_ + std::string(kJournalEnding)).c_str());
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  if (const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
    ::fsync(fd);  // the name; the bytes are safe already
    ::close(fd);
  }
  return {};
}

void PartFile::discard() {
  ::unlink(partial().c_str());
  ::unlink((path_ + std::string(kJournalEnding)).c_str());
}

uint64_t reserved_bytes(const std::string& path) {
  struct stat st {};
  if (::stat((path + std::string(kPartialEnding)).c_str(), &st) != 0) return 0;
  return static_cast<uint64_t>(st.st_blocks) * 512;
}

}  // namespace sluice::hub

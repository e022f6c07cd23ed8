#include "store/pack_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::store {

Result<PackJournal> PackJournal::open(const std::string& folder) {
  PackJournal journal;
  journal.path_ = fmt::format("{}/{}", folder, kPackJournalName);
  journal.fd_ = ::open(journal.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (journal.fd_ < 0) return journal.failed("cannot create");
  if (::flock(journal.fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return Error{Code::invalid, fmt::format("{}: another sluice pack is writing to this folder", folder)};
  }
  return journal;
}

PackJournal::PackJournal(PackJournal&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), count_(other.count_) {}

PackJournal::~PackJournal() {
  if (fd_ >= 0) ::close(fd_);
}

Error PackJournal::failed(std::string_view what) const {
  return {Code::io, fmt::format("{}: {}: {}", path_, what, strerror(errno))};
}

Result<std::vector<uint64_t>> PackJournal::sums(uint64_t most) const {
  struct stat st {};
  if (::fstat(fd_, &st) != 0) return failed("cannot look at it");
  std::vector<uint64_t> out(std::min(most, static_cast<uint64_t>(st.st_size) / sizeof(uint64_t)));
  auto* bytes = reinterpret_cast<std::byte*>(out.data());
  for (size_t done = 0, size = out.size() * sizeof(uint64_t); done < size;) {
    const ssize_t count = ::pread(fd_, bytes + done, size - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failed("cannot read");
    done += static_cast<size_t>(count);
  }
  return out;
}

Status PackJournal::keep(uint64_t count) {
  if (::ftruncate(fd_, static_cast<off_t>(count * sizeof(uint64_t))) != 0) return failed("cannot cut");
  count_ = count;
  return {};
}

Status PackJournal::append(std::span<const uint64_t> sums) {
  const auto bytes = std::as_bytes(sums);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(count_ * sizeof(uint64_t) + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot write");
    done += static_cast<size_t>(count);
  }
  count_ += sums.size();
  return {};
}

}  // namespace sluice::store

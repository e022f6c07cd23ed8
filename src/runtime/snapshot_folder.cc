#include "runtime/snapshot_folder.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "store/atomic_file.h"
#include "store/checksum.h"

namespace sluice::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".snapshot";
constexpr size_t kWaiting = 2;  // snapshots; each holds its memory until it is written
constexpr size_t kNearly = 32;  // on disk already but for this part: not written before the end
constexpr size_t kLate = 16;    // that many are, at most

std::string name_of(uint64_t key, const Snapshot& s) {
  const uint64_t tokens = store::checksum(std::as_bytes(std::span(s.tokens)));
  return fmt::format("{:016x}-{:016x}{}{}", key, tokens, s.pending ? "p" : "", kEnding);
}

// "NAME.PID.partial" of a process that is no more.
bool left_behind(const std::string& name) {
  if (!name.ends_with(store::kPartialEnding) || name.find(kEnding) == std::string::npos) return false;
  const std::string_view stem(name.data(), name.size() - store::kPartialEnding.size());
  const std::string_view digits = stem.substr(stem.rfind('.') + 1);
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  return error == std::errc() && end == digits.data() + digits.size() && pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

bool begins(const SavedPrefix& p, std::span<const int32_t> prompt) { return goes_on(p.tokens, p.pending || p.logits, prompt); }

}  // namespace

Result<std::unique_ptr<SnapshotFolder>> SnapshotFolder::open(const std::string& folder, uint64_t limit, const SnapshotShape& shape,
                                                             uint64_t key) {
  auto out = std::unique_ptr<SnapshotFolder>(new SnapshotFolder(folder, limit, shape, key));
  SLUICE_TRY_VOID(out->look());
  try {
    out->thread_ = std::thread([p = out.get()] { p->run(); });
  } catch (const std::system_error& error) {
    return Error{Code::io, fmt::format("the thread that writes snapshots cannot be started: {}", error.what())};
  }
  return out;
}

SnapshotFolder::~SnapshotFolder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status SnapshotFolder::look() {
  std::error_code error;
  if (fs::create_directories(folder_, error)) fs::permissions(folder_, fs::perms::owner_all, error);
  if (!fs::is_directory(folder_, error)) return Error{Code::invalid, fmt::format("{}: not a folder, and none can be made", folder_)};
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (left_behind(name)) fs::remove(at->path(), ignored);
    if (!name.ends_with(kEnding) || !at->is_regular_file(ignored) || at->is_symlink(ignored)) continue;
    found.emplace_back(at->last_write_time(ignored), at->path());
  }
  if (error) return Error{Code::io, fmt::format("{}: cannot be listed: {}", folder_, error.message())};
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [time, path] : found) {
    auto prefix = read_prefix(path.string(), shape_, key_);
    if (!prefix.ok() && prefix.error().code == Code::corrupt) {
      ++counters_.refused;
      counters_.last_error = prefix.error().message;
    }
    Entry entry{path.string(), prefix.ok() ? std::move(prefix).value() : SavedPrefix{}};
    if (entry.prefix.tokens.empty()) entry.prefix.file = fs::file_size(path, error);
    ++counters_.files;
    counters_.bytes += entry.prefix.file;
    entries_.push_back(std::move(entry));
  }
  make_room(0);
  return {};
}

SnapshotFolder::Found SnapshotFolder::longest(std::span<const int32_t> prompt) {
  const std::lock_guard lock(mutex_);
  Found out;
  for (const Entry& e : entries_) {
    if (e.prefix.tokens.size() > out.tokens && begins(e.prefix, prompt)) out = {e.path, e.prefix.tokens.size(), e.prefix.memory};
  }
  return out;
}

std::shared_ptr<const Snapshot> SnapshotFolder::read(const Found& found) {
  auto snapshot = read_snapshot(found.path, shape_, key_);
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.path == found.path; });
  std::error_code ignored;
  if (snapshot.ok()) {
    ++counters_.read;
    if (at != entries_.end()) entries_.splice(entries_.begin(), entries_, at);
    fs::last_write_time(found.path, fs::file_time_type::clock::now(), ignored);  // how recently used it is, for the next start
    return *snapshot;
  }
  ++counters_.refused;
  counters_.last_error = snapshot.error().message;
  if (at != entries_.end()) {
    --counters_.files;
    counters_.bytes -= at->prefix.file;
    entries_.erase(at);
  }
  if (snapshot.error().code == Code::corrupt) fs::remove(found.path, ignored);
  return nullptr;
}

bool SnapshotFolder::there_but_for(const Snapshot& s, size_t part) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) {
    const size_t there = e.prefix.tokens.size();
    return begins(e.prefix, s.tokens) && (s.tokens.size() - there) * part < s.tokens.size();
  });
}

bool SnapshotFolder::within_the_hour(uint64_t bytes) {
  const auto now = std::chrono::steady_clock::now();
  if (now - hour_ >= std::chrono::hours(1)) hour_ = now, hour_bytes_ = 0;
  return hour_bytes_ + bytes <= limit_ / 2;
}

void SnapshotFolder::offer(std::shared_ptr<const Snapshot> snapshot) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kWaiting) {
      queue_.pop_front();
      ++counters_.put_off;
    }
    queue_.push_back(std::move(snapshot));
  }
  work_.notify_one();
}

void SnapshotFolder::settle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !busy_; });
}

FolderCounters SnapshotFolder::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void SnapshotFolder::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) break;
    auto snapshot = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    if (there_but_for(*snapshot, kNearly)) {
      leave_for_the_end(snapshot);
    } else {
      write_if_allowed(lock, *snapshot);
    }
    snapshot.reset();
    busy_ = false;
    idle_.notify_all();
  }
  for (const auto& late : late_) {
    const auto snapshot = late.lock();
    if (snapshot != nullptr && !there_but_for(*snapshot, snapshot->tokens.size())) write_if_allowed(lock, *snapshot);
  }
}

// In place of what it goes on from, which are earlier states of its conversation. The lock is held.
void SnapshotFolder::leave_for_the_end(const std::shared_ptr<const Snapshot>& snapshot) {
  std::erase_if(late_, [&](const std::weak_ptr<const Snapshot>& late) {
    const auto earlier = late.lock();
    return earlier == nullptr || earlier->begins(snapshot->tokens);
  });
  if (late_.size() >= kLate) late_.pop_front();
  late_.push_back(snapshot);
}

void SnapshotFolder::write_if_allowed(std::unique_lock<std::mutex>& lock, const Snapshot& snapshot) {
  const uint64_t bytes = file_bytes(shape_, snapshot);
  if (!within_the_hour(bytes)) {
    ++counters_.put_off;
  } else if (make_room(bytes)) {
    hour_bytes_ += bytes;
    lock.unlock();
    write(snapshot);
    lock.lock();
  }
}

// Deletes the least recently used until so many bytes more fit. The lock is held.
bool SnapshotFolder::make_room(uint64_t bytes) {
  if (bytes > limit_) return false;
  while (counters_.bytes + bytes > limit_ && !entries_.empty()) {
    std::error_code ignored;
    fs::remove(entries_.back().path, ignored);
    --counters_.files;
    counters_.bytes -= entries_.back().prefix.file;
    entries_.pop_back();
  }
  return counters_.bytes + bytes <= limit_;
}

void SnapshotFolder::write(const Snapshot& s) {
  const std::string path = folder_ + "/" + name_of(key_, s);
  const Status written = write_snapshot(path, shape_, key_, s);
  const auto prefix = written.ok() ? read_prefix(path, shape_, key_) : Result<SavedPrefix>(written.error());
  const std::lock_guard lock(mutex_);
  if (!prefix.ok()) {
    ++counters_.failed;
    counters_.last_error = prefix.error().message;
    return;
  }
  const auto equal = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.path == path; });
  if (equal != entries_.end()) {
    --counters_.files;
    counters_.bytes -= equal->prefix.file;
    entries_.erase(equal);
  }
  entries_.push_front({path, *prefix});
  ++counters_.files;
  counters_.bytes += prefix->file;
  ++counters_.written;
  counters_.written_bytes += prefix->file;
}

}  // namespace sluice::runtime

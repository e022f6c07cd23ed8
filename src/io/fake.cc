#include "io/fake.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "io/direct.h"

namespace sluice::io {

const File* FakeDisk::add(std::string path, std::vector<std::byte> contents, uint64_t alignment) {
  const std::lock_guard lock(mutex_);
  File file = File::unopened(std::move(path), contents.size(), alignment);
  entries_.push_back({std::move(file), std::move(contents)});
  return &entries_.back().file;
}

void FakeDisk::truncate(const File* file, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Entry* entry = find(file);
  SLUICE_CHECK(entry != nullptr && bytes <= entry->contents.size());
  entry->contents.resize(bytes);
}

Reader FakeDisk::reader() {
  return {read, this};
}

void FakeDisk::hold() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  allowed_ = 0;
}

void FakeDisk::let_through(uint64_t reads) {
  {
    const std::lock_guard lock(mutex_);
    allowed_ += reads;
  }
  changed_.notify_all();
}

void FakeDisk::open_gate() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = false;
  }
  changed_.notify_all();
}

void FakeDisk::wait_for_held(uint64_t reads) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_ >= reads; });
}

std::vector<FakeDisk::Call> FakeDisk::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

FakeDisk::Entry* FakeDisk::find(const File* file) {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return &e.file == file; });
  return at == entries_.end() ? nullptr : &*at;
}

int64_t FakeDisk::read(void* self, const File& file, uint64_t offset, std::span<std::byte> out) {
  return static_cast<FakeDisk*>(self)->read(file, offset, out);
}

int64_t FakeDisk::read(const File& file, uint64_t offset, std::span<std::byte> out) {
  std::unique_lock lock(mutex_);
  calls_.push_back({&file, offset, out.size()});
  if (closed_ && allowed_ == 0) {
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !closed_ || allowed_ > 0; });
    --held_;
  }
  if (closed_) --allowed_;
  const Entry* entry = find(&file);
  if (entry == nullptr) return -EBADF;
  const uint64_t align = file.alignment();
  if (offset % align != 0 || out.size() % align != 0 || !direct_fits(0, out.data(), align)) return -EINVAL;
  if (offset >= entry->contents.size()) return 0;
  const uint64_t bytes = std::min<uint64_t>(out.size(), entry->contents.size() - offset);
  std::memcpy(out.data(), entry->contents.data() + offset, bytes);
  return static_cast<int64_t>(bytes);
}

}  // namespace sluice::io

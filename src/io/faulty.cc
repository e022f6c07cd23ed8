#include "io/faulty.h"

#include <algorithm>
#include <thread>

#include "base/check.h"

namespace sluice::io {

FaultyReader::FaultyReader(const Reader& under, std::vector<FaultRule> rules) : under_(under) {
  for (const FaultRule& rule : rules) {
    SLUICE_CHECK(rule.every > 0 && rule.error > 0);
    armed_.push_back({.rule = rule});
  }
}

uint64_t FaultyReader::struck(size_t i) const {
  const std::lock_guard lock(mutex_);
  return armed_.at(i).struck;
}

int64_t FaultyReader::read(void* self, const File& file, uint64_t offset, std::span<std::byte> out) {
  return static_cast<FaultyReader*>(self)->read(file, offset, out);
}

int64_t FaultyReader::read(const File& file, uint64_t offset, std::span<std::byte> out) {
  for (Armed& armed : armed_) {
    if (!strikes(armed, file, offset)) continue;
    if (armed.rule.fault != Fault::delay) return apply(armed.rule, file, offset, out);
    std::this_thread::sleep_for(armed.rule.delay);
  }
  return under_.read(under_.self, file, offset, out);
}

bool FaultyReader::strikes(Armed& armed, const File& file, uint64_t offset) {
  const FaultRule& rule = armed.rule;
  if (rule.file != nullptr && rule.file != &file) return false;
  if (offset < rule.begin || offset >= rule.end) return false;
  const std::lock_guard lock(mutex_);
  const uint64_t nth = armed.matched++;
  if (nth < rule.skip || (nth - rule.skip) % rule.every != 0 || armed.struck >= rule.times) return false;
  ++armed.struck;
  return true;
}

int64_t FaultyReader::apply(const FaultRule& rule, const File& file, uint64_t offset, std::span<std::byte> out) {
  if (rule.fault == Fault::error) return -rule.error;
  uint64_t most = std::max<uint64_t>(rule.bytes, 1);
  if (rule.fault == Fault::end_of_file) {
    if (offset >= rule.bytes) return 0;
    most = rule.bytes - offset;
  }
  return under_.read(under_.self, file, offset, out.first(std::min<uint64_t>(most, out.size())));
}

}  // namespace sluice::io

#include "io/drives.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/check.h"

namespace sluice::io {
namespace {

constexpr double kUnknownRate = 1e9;  // when no drive's is known: any, they are equal
constexpr double kWindow = 0.02;      // seconds of work that make a measurement
constexpr double kWeight = 0.2;       // of a measurement, against all before it
// In picks, of which a token makes some hundreds.
constexpr uint64_t kPenalty = 64;
constexpr uint64_t kMostPenalty = 1 << 18;
constexpr uint64_t kOverdue = 1 << 16;

}  // namespace

uint64_t device_of(const File& file) {
  struct stat st {};
  return ::fstat(file.fd(), &st) == 0 ? static_cast<uint64_t>(st.st_dev) : 0;
}

Drives::Drives(std::span<const FilePlace> files) {
  std::vector<uint64_t> devices;
  for (const FilePlace& place : files) {
    const auto at = std::find(devices.begin(), devices.end(), place.device);
    drive_of_.push_back(static_cast<int32_t>(at - devices.begin()));
    if (at == devices.end()) {
      devices.push_back(place.device);
      drives_.emplace_back().penalty = kPenalty;
    }
    Drive& drive = of(static_cast<int32_t>(drive_of_.size()) - 1);
    if (place.bytes_per_s > 0) drive.rate = place.bytes_per_s;
    drive.measured = drive.rate > 0;
  }
}

double Drives::rate(int32_t drive) const {
  if (const double known = drives_[static_cast<size_t>(drive)].rate; known > 0) return known;
  double fastest = 0;
  for (const Drive& other : drives_) fastest = std::max(fastest, other.rate);
  return fastest > 0 ? fastest : kUnknownRate;
}

// Of copies, one whose drive is idle and to be measured; -1: none. One read at a time, for the drive may be slow.
int32_t Drives::unmeasured(std::span<const int32_t> copies) {
  for (const int32_t file : copies) {
    Drive& drive = of(file);
    if (avoided(drive) || drive.outstanding > 0) continue;
    if (picks_ - drive.last_picked > kOverdue) drive.measured = false;
    if (!drive.measured) return file;
  }
  return -1;
}

int32_t Drives::pick(std::span<const int32_t> copies, uint64_t bytes, double now_s) {
  SLUICE_CHECK(!copies.empty());
  ++picks_;
  int32_t best = unmeasured(copies);
  if (best < 0) {
    best = *std::min_element(copies.begin(), copies.end(),
                             [&](int32_t a, int32_t b) { return cost(a, bytes) < cost(b, bytes); });
  }
  Drive& drive = of(best);
  drive.last_picked = picks_;
  if (drive.outstanding == 0) drive.since = now_s;
  drive.outstanding += bytes;
  return best;
}

// Healthy drives first, then those that are avoided for the shortest time; of equals the one that is done first.
std::pair<uint64_t, double> Drives::cost(int32_t file, uint64_t bytes) const {
  const Drive& drive = drives_[static_cast<size_t>(drive_of(file))];
  return {avoided(drive) ? drive.avoid_until : 0,
          static_cast<double>(drive.outstanding + bytes) / rate(drive_of(file))};
}

void Drives::done(int32_t file, uint64_t bytes, double now_s, bool ok) {
  Drive& drive = of(file);
  SLUICE_CHECK(drive.outstanding >= bytes);
  drive.busy_s += std::max(now_s - drive.since, 0.0);
  drive.since = now_s;
  drive.outstanding -= bytes;
  if (!ok) {
    drive.avoid_until = picks_ + drive.penalty;
    drive.penalty = std::min(2 * drive.penalty, kMostPenalty);
    return;
  }
  drive.busy_bytes += bytes;
  if (drive.busy_s < kWindow) return;
  const double rate = static_cast<double>(drive.busy_bytes) / drive.busy_s;
  drive.rate = drive.measured ? drive.rate + kWeight * (rate - drive.rate) : rate;
  drive.measured = true;
  drive.busy_s = 0;
  drive.busy_bytes = 0;
  drive.penalty = std::max(drive.penalty / 2, kPenalty);
}

}  // namespace sluice::io

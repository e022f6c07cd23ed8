// Which drive a file lies on, and from which of its copies to read next. Pure bookkeeping: the caller brings the clock.
//
// A read goes to the copy whose drive would finish it first: what that drive has to do already and this read, over its
// rate. Rates are learned while drives are busy, bytes that arrived over the time that passed, so that any depth of
// reads measures the drive and not the wait in its queue. A drive whose rate is not known, or old, gets a read whenever
// it is idle until it is; otherwise, not known, it counts as fast as the fastest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "io/file.h"

namespace sluice::io {

// What the system calls the drive (or file system) that the file lies on; 0 when it does not say.
uint64_t device_of(const File& file);

struct FilePlace {
  uint64_t device = 0;     // files of equal ones share a drive
  double bytes_per_s = 0;  // of that drive, where it was measured; 0: to be learned
};

// Not thread-safe. Nothing allocates after construction; the same calls give the same picks.
class Drives {
 public:
  // files[f]: where file f lies. Of the rates of one drive the last that is not 0 counts.
  explicit Drives(std::span<const FilePlace> files);

  int32_t count() const { return static_cast<int32_t>(drives_.size()); }
  int32_t drive_of(int32_t file) const { return drive_of_[static_cast<size_t>(file)]; }  // 0 to count() - 1
  double rate(int32_t drive) const;  // bytes a second, as picks see it
  uint64_t outstanding(int32_t drive) const { return drives_[static_cast<size_t>(drive)].outstanding; }

  // The file of `copies` to read so many bytes from, which count as outstanding until done is told of them. `now_s`:
  // seconds since any fixed moment, never less than before. A drive that failed is avoided for some picks, more each
  // time it fails again; where all of them failed, it is the one that is avoided for the shortest time: there is always
  // one. Now and then a copy that would never be picked is, to see whether its drive is still so slow.
  // REQUIRES: copies holds files, at least one.
  int32_t pick(std::span<const int32_t> copies, uint64_t bytes, double now_s);

  // A read that pick gave has ended. Not ok: the caller picks again for it, as many times as there are copies.
  // REQUIRES: bytes as in pick.
  void done(int32_t file, uint64_t bytes, double now_s, bool ok = true);

 private:
  struct Drive {
    double rate = 0;  // 0: not known
    uint64_t outstanding = 0;
    double since = 0;          // while anything is outstanding: until when the time is counted
    double busy_s = 0;         // not yet part of the rate,
    uint64_t busy_bytes = 0;   // and what arrived in it
    uint64_t avoid_until = 0;  // in picks
    uint64_t penalty = 0;      // the next time it is avoided, in picks
    uint64_t last_picked = 0;
    bool measured = false;  // rate is known and not old
  };

  Drive& of(int32_t file) { return drives_[static_cast<size_t>(drive_of(file))]; }
  bool avoided(const Drive& drive) const { return drive.avoid_until > picks_; }
  std::pair<uint64_t, double> cost(int32_t file, uint64_t bytes) const;
  int32_t unmeasured(std::span<const int32_t> copies);

  std::vector<Drive> drives_;
  std::vector<int32_t> drive_of_;  // [file]
  uint64_t picks_ = 0;
};

}  // namespace sluice::io

// What of a pack is done, while it is made: the checksums of its first pieces, one after the other in a file. Whoever
// holds the journal holds the folder.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::store {

inline constexpr std::string_view kPackJournalName = "pack.journal";

class PackJournal {
 public:
  // Opens or creates it. Errors: io; invalid when another process holds it.
  static Result<PackJournal> open(const std::string& folder);

  PackJournal(PackJournal&& other) noexcept;
  PackJournal& operator=(PackJournal&&) = delete;
  ~PackJournal();

  // The sums it holds; a torn one at the end does not count. Errors: io.
  Result<std::vector<uint64_t>> sums(uint64_t most) const;
  // Forgets all but the first `count`. Errors: io.
  Status keep(uint64_t count);
  Status append(std::span<const uint64_t> sums);

 private:
  PackJournal() = default;
  Error failed(std::string_view what) const;

  std::string path_;
  int fd_ = -1;
  uint64_t count_ = 0;
};

}  // namespace sluice::store

// A file that is being fetched: PATH.partial has its bytes, PATH.journal says which of them are there. It gets its name
// when it is whole and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/listing.h"
#include "sluice/status.h"

namespace sluice::hub {

inline constexpr std::string_view kPartialEnding = ".partial", kJournalEnding = ".journal";

struct Span {
  uint64_t start = 0, length = 0;
};

// Which bytes of a file are there.
class Spans {
 public:
  void add(Span span);
  uint64_t total() const;
  // What is missing of the first `size` bytes, cut into pieces of at most `most`.
  std::vector<Span> missing(uint64_t size, uint64_t most) const;

 private:
  std::map<uint64_t, uint64_t> ends_;  // start: end; apart from each other
};

// The journal's text: a line that names the file's size and checksum, then "START LENGTH" lines. A torn end and what
// does not lie in the file are left out; nothing where the first line is another file's.
std::optional<Spans> parse_journal(std::string_view text, const RemoteFile& file);

class PartFile {
 public:
  // Goes on where an earlier run of the same file stopped; else starts anew. Reserves the room. `path`'s folder exists.
  // Errors: io, among others a full disk and another process that fetches the same file.
  static Result<PartFile> open(const std::string& path, const RemoteFile& file);
  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();

  const Spans& spans() const { return spans_; }  // those of before this run
  uint64_t size() const { return size_; }
  std::string partial() const { return path_ + std::string(kPartialEnding); }

  // Thread-safe. Errors: io.
  Status write(uint64_t offset, std::span<const std::byte> bytes);
  // These bytes were written: makes them durable, then notes them. Thread-safe. Errors: io.
  Status note(Span span);

  // Durable, under its name, without a journal. Errors: io.
  Status finish();
  // Takes away both files: the bytes are not worth keeping.
  void discard();

 private:
  PartFile() = default;
  Status open_both(const RemoteFile& file);
  Status start_journal(const RemoteFile& file);
  Status reserve();
  Error failed(const char* what) const;

  std::string path_;
  uint64_t size_ = 0;
  int fd_ = -1, journal_ = -1;
  Spans spans_;
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // of the journal's end
};

// Bytes of the disk that PATH.partial holds already.
uint64_t reserved_bytes(const std::string& path);

}  // namespace sluice::hub

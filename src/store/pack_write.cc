#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <utility>

#include "store/atomic_file.h"
#include "store/checksum.h"
#include "store/direct_file.h"
#include "store/names.h"
#include "store/pack.h"
#include "store/pack_chunks.h"
#include "store/pack_copy.h"
#include "store/pack_journal.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestIndex = uint64_t{1} << 30;

enum class Folder { fresh, begun, finished };

// A file that AtomicFile left when it was killed.
bool is_remnant(const fs::path& path) {
  return path.filename().string().ends_with(kPartialEnding);
}

uint64_t allocated_bytes(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? static_cast<uint64_t>(st.st_blocks) * 512 : 0;
}

class Writer {
 public:
  Writer(const ModelFiles& model, const PackPlan& plan, const std::string& out, const PackWatch& watch)
      : model_(model),
        plan_(plan),
        out_(out),
        watch_(watch),
        pieces_(pack_pieces(plan.index)),
        chunks_(pack_chunks(pieces_)),
        sums_(pieces_.size()),
        finished_(chunks_.size()) {
    for (const PackFile& file : plan.index.files) total_ += file.bytes;
  }

  Result<PackWritten> run() {
    SLUICE_TRY_VOID(check_apart());
    SLUICE_TRY(const Folder folder, look());
    if (folder == Folder::finished) {
      clean_up();
      return PackWritten{bytes(), bytes()};
    }
    SLUICE_TRY_VOID(check_disk());
    SLUICE_TRY_VOID(begin(folder));
    SLUICE_TRY(PackJournal journal, PackJournal::open(out_));
    remove_remnants();
    for (size_t i = 0; i < plan_.copies.size(); ++i) {
      SLUICE_TRY_VOID(write_atomically(path(plan_.index.copies[i].name), plan_.copies[i]));
    }
    for (const PackFile& file : plan_.index.files) {
      SLUICE_TRY(DirectFile opened,
                 DirectFile::open(path(file.name), path(file.name), file.bytes, DirectFile::Existing::kept));
      files_.push_back(std::move(opened));
    }
    SLUICE_TRY(const size_t done, check_done(journal));
    SLUICE_TRY_VOID(copy(done, journal));
    SLUICE_TRY_VOID(finish());
    return PackWritten{bytes(), resumed_};
  }

 private:
  std::string path(std::string_view name) const { return fmt::format("{}/{}", out_, name); }

  uint64_t bytes() const {
    uint64_t out = total_;
    for (const PackCopyOf& c : plan_.index.copies) out += c.bytes;
    return out;
  }

  Status check_apart() const {
    std::error_code error;
    for (const io::File& file : model_.files) {
      if (fs::equivalent(folder_of(file.path()), out_, error)) {
        return Error{Code::invalid,
                     fmt::format("{}: the model itself is there; a pack needs a folder of its own", out_)};
      }
    }
    return {};
  }

  Result<Folder> look() const {
    std::error_code error;
    const fs::file_status status = fs::status(out_, error);
    if (!fs::exists(status)) return Folder::fresh;
    if (!fs::is_directory(status)) return Error{Code::invalid, fmt::format("{}: is there and no folder", out_)};
    if (fs::exists(path(kPackIndexName), error)) {
      SLUICE_TRY(PackIndex there, read_pack_index(out_));
      for (PackFile& file : there.files) file.sums.clear();
      if (index_text(there) == index_text(plan_.index)) return Folder::finished;
      return Error{Code::invalid,
                   fmt::format("{}: holds the pack of another model, or in another layout; name another folder", out_)};
    }
    if (fs::exists(path(kPackPlanName), error)) {
      SLUICE_TRY(const std::string there, io::read_text(path(kPackPlanName), kLargestIndex));
      if (there == index_text(plan_.index)) return Folder::begun;
      return Error{Code::invalid, fmt::format("{}: holds an unfinished pack of another model, or in another layout; "
                                              "name another folder or remove this one",
                                              out_)};
    }
    for (fs::directory_iterator it(out_, error), end; !error && it != end; it.increment(error)) {
      if (is_remnant(it->path())) continue;
      return Error{Code::invalid, fmt::format("{}: not empty, and no pack in it ({}); name another folder", out_,
                                              shown(it->path().filename().string()))};
    }
    if (error) return Error{Code::io, fmt::format("{}: cannot list: {}", out_, error.message())};
    return Folder::fresh;
  }

  // What is reserved already counts as there.
  Status check_disk() const {
    constexpr uint64_t kIndexBytes = 40;  // a piece, with its share of the tensors; journal and index
    uint64_t needed = bytes() + index_text(plan_.index).size() * 2 + pieces_.size() * kIndexBytes;
    for (const PackFile& file : plan_.index.files) needed -= std::min(file.bytes, allocated_bytes(path(file.name)));
    // The folder may not be there yet.
    std::error_code error;
    fs::path folder = fs::absolute(out_, error);
    while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
    return check_room(out_, folder.string(), needed);
  }

  Status begin(Folder folder) const {
    if (folder == Folder::begun) return {};
    std::error_code error;
    fs::create_directories(out_, error);
    if (error) return Error{Code::io, fmt::format("{}: cannot create: {}", out_, error.message())};
    return write_atomically(path(kPackPlanName), index_text(plan_.index));
  }

  void remove_remnants() const {
    std::error_code error;
    std::vector<fs::path> remnants;
    for (fs::directory_iterator it(out_, error), end; !error && it != end; it.increment(error)) {
      if (is_remnant(it->path())) remnants.push_back(it->path());
    }
    for (const fs::path& remnant : remnants) fs::remove(remnant, error);
  }

  // Reads what the journal claims; returns how many of the chunks need no copying.
  Result<size_t> check_done(PackJournal& journal) {
    SLUICE_TRY(const std::vector<uint64_t> claimed, journal.sums(pieces_.size()));
    size_t count = 0;
    while (count < chunks_.size() && chunks_[count].first + chunks_[count].pieces.size() <= claimed.size()) ++count;
    std::vector<io::File> files;
    for (const PackFile& file : plan_.index.files) {
      SLUICE_TRY(io::File opened, open_for_checking(path(file.name)));
      files.push_back(std::move(opened));
    }
    std::atomic<size_t> good = count;
    const PackJob check = [&](const PackChunk& chunk, size_t number, std::span<std::byte> room) -> Status {
      const std::span<const uint64_t> sums = std::span(claimed).subspan(chunk.first);
      SLUICE_TRY(const size_t pieces, good_pieces(files[chunk.file()], chunk, sums, room));
      if (pieces == chunk.pieces.size()) return {};
      for (size_t now = good; number < now && !good.compare_exchange_weak(now, number);) continue;
      return {};
    };
    SLUICE_TRY_VOID(walked(std::span(chunks_).first(count), check));
    count = good;
    for (size_t i = 0; i < count; ++i) resumed_ += chunks_[i].bytes;
    const uint64_t kept = count < chunks_.size() ? chunks_[count].first : pieces_.size();
    std::copy_n(claimed.begin(), kept, sums_.begin());
    SLUICE_TRY_VOID(journal.keep(kept));
    return count;
  }

  Status copy(size_t done, PackJournal& journal) {
    journaled_ = done;
    return walked(std::span(chunks_).subspan(done),
                  [&](const PackChunk& chunk, size_t number, std::span<std::byte> room) -> Status {
                    SLUICE_TRY_VOID(fill_chunk(model_, plan_.moves[chunk.file()], chunk.offset(), room));
                    for (size_t i = 0; i < chunk.pieces.size(); ++i) {
                      const PackPiece& piece = chunk.pieces[i];
                      sums_[chunk.first + i] = checksum(room.subspan(piece.offset - chunk.offset(), piece.bytes));
                    }
                    SLUICE_TRY_VOID(files_[chunk.file()].write(chunk.offset(), room));
                    SLUICE_TRY_VOID(files_[chunk.file()].drop(chunk.offset(), room.size()));
                    return book(done + number, journal);
                  });
  }

  // Chunks are booked in order, whatever the order in which threads finish them.
  Status book(size_t number, PackJournal& journal) {
    const std::lock_guard lock(mutex_);
    finished_[number] = true;
    const size_t begin = journaled_;
    while (journaled_ < chunks_.size() && finished_[journaled_]) ++journaled_;
    if (journaled_ == begin) return {};
    const PackChunk& last = chunks_[journaled_ - 1];
    const uint64_t from = chunks_[begin].first;
    return journal.append(std::span(sums_).subspan(from, last.first + last.pieces.size() - from));
  }

  Status walked(std::span<const PackChunk> chunks, const PackJob& job) {
    Status status = walk_chunks(chunks, watch_, resumed_, total_, job);
    if (status.ok() || status.error().code != Code::cancelled) return status;
    return Error{Code::cancelled, fmt::format("{}: stopped; the same command goes on from here", out_)};
  }

  Status finish() {
    for (DirectFile& file : files_) SLUICE_TRY_VOID(file.sync());
    PackIndex index = plan_.index;
    auto sum = sums_.begin();
    for (PackFile& file : index.files) {
      for (const PackSection& section : file.sections) {
        const auto end = sum + static_cast<std::ptrdiff_t>(section.pieces());
        file.sums.insert(file.sums.end(), sum, end);
        sum = end;
      }
    }
    sync_folder(out_);
    SLUICE_TRY_VOID(write_atomically(path(kPackIndexName), index_text(index)));
    clean_up();
    return {};
  }

  void clean_up() const {
    std::error_code error;
    fs::remove(path(kPackJournalName), error);
    fs::remove(path(kPackPlanName), error);
    remove_remnants();
    sync_folder(out_);
  }

  const ModelFiles& model_;
  const PackPlan& plan_;
  const std::string& out_;
  const PackWatch& watch_;
  const std::vector<PackPiece> pieces_;
  const std::vector<PackChunk> chunks_;
  std::vector<DirectFile> files_;
  uint64_t total_ = 0, resumed_ = 0;
  std::vector<uint64_t> sums_;  // one a piece; each written by the thread that makes the piece
  std::mutex mutex_;
  std::vector<bool> finished_;
  size_t journaled_ = 0;
};

}  // namespace

Result<PackWritten> write_pack(const ModelFiles& model, const PackPlan& plan, const std::string& out,
                               const PackWatch& watch) {
  return Writer(model, plan, out, watch).run();
}

}  // namespace sluice::store

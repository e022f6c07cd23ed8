#include "store/places.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include "store/gguf.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostPlaces = 16;
constexpr size_t kMostFiles = 4000;  // one descriptor each
constexpr uint64_t kEnds = 64 << 10;
constexpr uint64_t kSample = 4096;
constexpr uint64_t kSamples = 32;

// The same file under another name is no copy: it lies on the same drive.
bool same_file(const io::File& a, const io::File& b) {
  struct stat sa {
  }, sb{};
  return ::fstat(a.fd(), &sa) == 0 && ::fstat(b.fd(), &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

// The first place in [begin, end) that differs, within a block.
Result<std::optional<uint64_t>> difference(const io::File& a, const io::File& b, uint64_t begin, uint64_t end) {
  std::vector<std::byte> left(kEnds), right(kEnds);
  for (uint64_t at = begin; at < end; at += kEnds) {
    const size_t bytes = static_cast<size_t>(std::min(kEnds, end - at));
    SLUICE_TRY_VOID(a.read(at, std::span(left).first(bytes)));
    SLUICE_TRY_VOID(b.read(at, std::span(right).first(bytes)));
    if (std::memcmp(left.data(), right.data(), bytes) != 0) return std::optional(at);
  }
  return std::optional<uint64_t>();
}

// Errors: invalid where they differ, as far as is looked. `header`: bytes before the first tensor.
Status check_copy(const io::File& file, const io::File& copy, uint64_t header) {
  const uint64_t size = file.size();
  if (copy.size() != size) {
    return Error{Code::invalid, fmt::format("{}: no copy of {}: it has {} bytes, not {}", copy.path(), file.path(),
                                            copy.size(), size)};
  }
  std::vector<std::pair<uint64_t, uint64_t>> ranges = {{0, std::min(size, std::max(header, kEnds))},
                                                       {size - std::min(size, kEnds), size}};
  for (uint64_t i = 1; i <= kSamples; ++i) {
    const uint64_t at = size / (kSamples + 1) * i;
    ranges.push_back({at, std::min(size, at + kSample)});
  }
  for (const auto& [begin, end] : ranges) {
    SLUICE_TRY(const auto at, difference(file, copy, begin, end));
    if (!at) continue;
    return Error{Code::invalid,
                 fmt::format("{}: no copy of {}: other bytes near offset {}; is it another model, or not "
                             "copied to its end?",
                             copy.path(), file.path(), *at)};
  }
  return {};
}

// [file] where the first tensor begins; all of a file without tensors.
std::vector<uint64_t> header_bytes(const ModelFiles& model) {
  std::vector<uint64_t> out;
  for (const io::File& file : model.files) out.push_back(file.size());
  for (const Tensor& tensor : model.tensors) {
    for (const Extent* extent : {&tensor.data, &tensor.scales, &tensor.biases}) {
      if (extent->bytes == 0) continue;
      uint64_t& least = out[static_cast<size_t>(extent->file)];
      least = std::min(least, extent->offset);
    }
  }
  return out;
}

// One place's copies, and whether it holds anything of the model at all.
class CopySearch {
 public:
  CopySearch(const Places& places, ModelFiles& model)
      : places_(places), model_(model), homes_(model.files.size()), headers_(header_bytes(model)) {}

  Status run(size_t place) {
    bool holds = false;
    for (size_t f = 0; f < homes_; ++f) {
      std::string path = places_.candidate(place, model_.files[f].path());
      if (path.empty() && homes_ == 1) path = places_.name(place);  // one file under whatever name
      if (path.empty()) continue;
      SLUICE_TRY(const bool found, take(f, path));
      holds = holds || found;
    }
    if (holds) return {};
    return Error{Code::invalid, fmt::format("{}: holds no part and no copy of {}", places_.name(place), model_.path)};
  }

 private:
  // Whether `path` is a file of the model: the one that is missing at home, or a copy, which is taken in.
  Result<bool> take(size_t f, const std::string& path) {
    auto copy = io::File::open(path);
    if (!copy.ok() && copy.error().code == Code::not_found) return false;
    if (!copy.ok()) return std::move(copy).error();
    if (same_file(model_.files[f], *copy)) return path == model_.files[f].path() && is_elsewhere(path);
    for (const int32_t known : model_.copies[f]) {
      if (same_file(model_.files[static_cast<size_t>(known)], *copy)) return false;
    }
    SLUICE_TRY_VOID(check_copy(model_.files[f], *copy, headers_[f]));
    if (model_.files.size() >= kMostFiles) {
      return Error{Code::unsupported, fmt::format("{}: more than {} files with all copies", model_.path, kMostFiles)};
    }
    model_.copies[f].push_back(static_cast<int32_t>(model_.files.size()));
    model_.files.push_back(std::move(*copy));
    return true;
  }

  // Whether the file lies outside the folder that names the model: then a further place gave it.
  bool is_elsewhere(const std::string& path) const {
    std::error_code error;
    fs::path home = model_.path;
    if (!fs::is_directory(home, error)) home = home.parent_path();
    const fs::path there = fs::path(path).parent_path();
    return !fs::equivalent(home.empty() ? "." : home, there.empty() ? "." : there, error);
  }

  const Places& places_;
  ModelFiles& model_;
  const size_t homes_;
  const std::vector<uint64_t> headers_;
};

}  // namespace

Result<Places> Places::make(std::span<const std::string> more) {
  if (more.size() > kMostPlaces) {
    return Error{Code::unsupported,
                 fmt::format("{} further places for a model, more than {}", more.size(), kMostPlaces)};
  }
  Places out;
  for (const std::string& path : more) {
    std::error_code error;
    if (!fs::exists(path, error)) return Error{Code::not_found, fmt::format("{}: no such file or folder", path)};
    out.places_.push_back({path, fs::is_directory(path, error)});
  }
  return out;
}

std::string Places::candidate(size_t place, const std::string& home) const {
  const auto& [path, is_folder] = places_[place];
  const std::string file = fs::path(home).filename().string();
  if (is_folder) return (fs::path(path) / file).string();
  if (fs::path(path).filename() == file) return path;
  const auto mine = split_name(path), wanted = split_name(home);
  return mine && wanted && mine->count == wanted->count ? mine->part(wanted->number) : "";
}

Result<io::File> Places::open(const std::string& home) const {
  auto file = io::File::open(home);
  if (file.ok() || file.error().code != Code::not_found) return file;
  for (size_t place = 0; place < places_.size(); ++place) {
    const std::string path = candidate(place, home);
    if (path.empty()) continue;
    auto there = io::File::open(path);
    if (there.ok() || there.error().code != Code::not_found) return there;
  }
  return file;
}

Status add_copies(const Places& places, ModelFiles& model) {
  model.parts = static_cast<int32_t>(model.files.size());
  model.copies.clear();
  for (int32_t f = 0; f < model.parts; ++f) model.copies.push_back({f});
  CopySearch search(places, model);
  for (size_t place = 0; place < places.size(); ++place) SLUICE_TRY_VOID(search.run(place));
  // A copy's copies are those of its original, with itself in front.
  for (size_t f = 0; f < static_cast<size_t>(model.parts); ++f) {
    const std::vector<int32_t> all = model.copies[f];
    model.copies.resize(model.files.size());
    for (const int32_t copy : all) {
      std::vector<int32_t>& of_copy = model.copies[static_cast<size_t>(copy)];
      of_copy = all;
      std::rotate(of_copy.begin(), std::find(of_copy.begin(), of_copy.end(), copy), of_copy.end());
    }
  }
  return {};
}

}  // namespace sluice::store

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "store/gguf.h"
#include "store/places.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

constexpr int64_t kMaxParts = 1000;  // one descriptor each
constexpr std::string_view kOf = "-of-";
constexpr std::string_view kEnding = ".gguf";
constexpr size_t kDigits = 5;

std::optional<int64_t> five_digits(std::string_view text) {
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// The keys of part `number` (1-based) against what its name says.
Status check_keys(const std::string& path, const Metadata& metadata, bool named, int64_t number, int64_t count) {
  const auto expect = [&](std::string_view key, int64_t fallback, int64_t wanted) -> Status {
    SLUICE_TRY(const int64_t got, metadata.integer_or(key, fallback));
    if (got == wanted || (!named && got == 0)) return {};  // llama.cpp's merge leaves split.count at 0
    if (named) return Error{Code::corrupt, fmt::format("{} is {}, but the file's name says {}", key, got, wanted)};
    return Error{Code::unsupported, fmt::format("{} is {}: a part of a split that is not named "
                                                "PREFIX-00001-of-00009.gguf, so the others cannot be found",
                                                key, got)};
  };
  // A file without the keys is whole: it counts as part 1 of 1.
  Status status = expect("split.count", 1, count);
  if (status.ok()) status = expect("split.no", 0, number - 1);
  if (status.ok()) return {};
  return std::move(status).error().within(path);
}

Status check_total(const std::string& path, const Metadata& metadata, size_t total) {
  auto claimed = metadata.integer_or("split.tensors.count", static_cast<int64_t>(total));
  if (!claimed.ok()) return std::move(claimed).error().within(path);
  if (*claimed == static_cast<int64_t>(total)) return {};
  return Error{Code::corrupt,
               fmt::format("{}: split.tensors.count is {}, the parts hold {} tensors", path, *claimed, total)};
}

Result<io::File> open_part(const std::string& path, const Places& places, int64_t count) {
  auto file = places.open(path);
  if (file.ok() || file.error().code != Code::not_found || count <= 1) return file;
  return Error{Code::not_found,
               fmt::format("{}: this part of the model is missing ({} parts belong together)", path, count)};
}

}  // namespace

std::string SplitName::part(int64_t i) const {
  return fmt::format("{}-{:05}-of-{:05}.gguf", prefix, i, count);
}

std::optional<SplitName> split_name(const std::string& path) {
  constexpr size_t kTail = 1 + kDigits + kOf.size() + kDigits + kEnding.size();
  if (path.size() <= kTail) return std::nullopt;
  const std::string_view tail = std::string_view(path).substr(path.size() - kTail);
  const auto number = five_digits(tail.substr(1, kDigits));
  const auto count = five_digits(tail.substr(1 + kDigits + kOf.size(), kDigits));
  if (tail[0] != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf || !tail.ends_with(kEnding) || !number || !count ||
      *number < 1 || *number > *count) {
    return std::nullopt;
  }
  return SplitName{path.substr(0, path.size() - kTail), *number, *count};
}

Result<ModelFiles> open_gguf(const std::string& path, const Places& places) {
  const std::optional<SplitName> split = split_name(path);
  const int64_t count = split ? split->count : 1;
  if (count > kMaxParts) {
    return Error{Code::unsupported, fmt::format("{}: a split of {} parts, more than {}", path, count, kMaxParts)};
  }
  ModelFiles out;
  out.path = path;
  out.container = Container::gguf;
  for (int64_t number = 1; number <= count; ++number) {
    SLUICE_TRY(io::File file, open_part(split ? split->part(number) : path, places, count));
    SLUICE_TRY(GgufPart part, read_gguf(file, static_cast<int32_t>(number - 1)));
    SLUICE_TRY_VOID(check_keys(file.path(), part.metadata, split.has_value(), number, count));
    std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(out.tensors));
    if (number == 1) out.metadata = std::move(part.metadata);
    out.files.push_back(std::move(file));
  }
  SLUICE_TRY_VOID(check_total(out.files.front().path(), out.metadata, out.tensors.size()));
  SLUICE_TRY_VOID(sort_tensors(path, out.tensors));
  return out;
}

}  // namespace sluice::store

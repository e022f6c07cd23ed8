#include "hub/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/quote.h"
#include "text/utf8.h"
#include "text/value.h"

namespace sluice::hub {
namespace {

constexpr size_t kMostPath = 1024, kMostPart = 200;  // room for our endings within the 255 of file systems

std::string text_of(const text::Value* value) {
  return value != nullptr && value->is_string() ? value->as_text().bytes() : "";
}

const text::Value* member(const text::Value* value, std::string_view key) {
  return value != nullptr && value->is_map() ? value->find(key) : nullptr;
}

std::optional<uint64_t> size_of(const text::Value* value) {
  if (value == nullptr || !value->is(text::Value::Kind::integer)) return std::nullopt;
  const int64_t size = value->as_integer();
  if (size < 0 || static_cast<uint64_t>(size) > kMostFile) return std::nullopt;
  return static_cast<uint64_t>(size);
}

bool is_digest(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<RemoteFile> parse_file(const text::Value& entry) {
  RemoteFile file;
  file.path = text_of(member(&entry, "path"));
  const auto wrong = [&](std::string_view what) {
    return Error{Code::corrupt, fmt::format("the listing's entry {}: {}", text::quote_text(file.path), what)};
  };
  if (const auto problem = path_problem(file.path)) return wrong(*problem);
  const text::Value* lfs = member(&entry, "lfs");
  const bool large = lfs != nullptr && lfs->is_map();
  const auto size = size_of(member(large ? lfs : &entry, "size"));
  if (!size) return wrong("its size is missing, or no number of bytes that a file has");
  if (large && member(&entry, "size") != nullptr && size_of(member(&entry, "size")) != size)
    return wrong("it has two sizes");
  file.size = *size;
  file.kind = large ? Digest::sha256 : Digest::git_blob;
  file.digest = text_of(member(large ? lfs : &entry, "oid"));
  if (large && file.digest.starts_with("sha256:")) file.digest.erase(0, 7);
  if (!is_digest(file.digest, large ? 64 : 40)) return wrong("it has no checksum");
  return file;
}

}  // namespace

std::optional<std::string> path_problem(std::string_view path) {
  if (path.empty()) return "it has no name";
  if (path.size() > kMostPath) return "its name is too long";
  if (text::utf8_valid_prefix(path) != path.size()) return "its name is not UTF-8";
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\')
      return "its name has a character that no file should have";
  }
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return "its name leads out of the folder";
    if (part.size() > kMostPart) return "its name is too long";
    at = end + 1;
  }
  return std::nullopt;
}

Result<std::vector<RemoteFile>> parse_listing(std::string_view json) {
  if (json.size() > kMostListing) return Error{Code::corrupt, "the listing is too long"};
  auto parsed = text::parse_json(json);
  if (!parsed.ok()) return std::move(parsed).error().within("the listing");
  if (!parsed->is_list()) return Error{Code::corrupt, "the listing is no list"};
  std::vector<RemoteFile> files;
  for (const text::Value& entry : parsed->as_list().items) {
    if (!entry.is_map()) return Error{Code::corrupt, "the listing has an entry that is no object"};
    if (text_of(member(&entry, "type")) != "file") continue;
    SLUICE_TRY(RemoteFile file, parse_file(entry));
    if (files.size() == kMostFiles)
      return Error{Code::corrupt, fmt::format("the listing has more than {} files", kMostFiles)};
    files.push_back(std::move(file));
  }
  return files;
}

std::string next_page(std::string_view link) {
  while (!link.empty()) {
    const size_t open = link.find('<');
    const size_t close = link.find('>', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return "";
    const size_t end = std::min(link.find(",", close), link.size());
    const std::string_view rest = link.substr(close, end - close);
    if (rest.find("rel=\"next\"") != std::string_view::npos || rest.find("rel=next") != std::string_view::npos) {
      return std::string(link.substr(open + 1, close - open - 1));
    }
    link.remove_prefix(std::min(end + 1, link.size()));
  }
  return "";
}

}  // namespace sluice::hub

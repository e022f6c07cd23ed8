// What a repository of the hub holds, as its answer to GET /api/models/REPO/tree/REV?recursive=true lists it. Nothing
// in it is trusted: a file is only taken where its name stays inside a folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::hub {

enum class Digest {
  sha256,    // of the bytes: files kept by LFS, that is all large ones
  git_blob,  // SHA-1 of "blob SIZE\0" and the bytes: what git itself keeps
};

struct RemoteFile {
  std::string path;  // relative, '/' between folders
  uint64_t size = 0;
  Digest kind = Digest::sha256;
  std::string digest;  // lower-case hexadecimal
};

inline constexpr uint64_t kMostListing = uint64_t{32} << 20;  // bytes of one page
inline constexpr size_t kMostFiles = 100'000;                 // of one repository
inline constexpr uint64_t kMostFile = uint64_t{1} << 44;      // bytes of one file

// Why a path from outside is not used as one: empty, absolute, a ".." or hidden part of ours, control characters, not
// UTF-8, too long. Nothing where it is fine.
std::optional<std::string> path_problem(std::string_view path);

// One page. Folders are left out. Errors: corrupt, naming the entry.
Result<std::vector<RemoteFile>> parse_listing(std::string_view json);

// The address of the next page from a Link header, as it stands there; "" where there is none.
std::string next_page(std::string_view link);

}  // namespace sluice::hub

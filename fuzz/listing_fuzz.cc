// Any bytes as the hub's listing of a repository: refused, or files whose names stay inside a folder, of which each
// model that is found can be chosen. The same bytes as a Link header and as a journal of what was fetched.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hub/choose.h"
#include "hub/listing.h"
#include "hub/name.h"
#include "hub/part_file.h"
#include "memory_file.h"
#include "touch_tensors.h"

namespace {

using sluice::fuzz::require;

void check_journal(std::string_view text) {
  sluice::hub::RemoteFile file;
  file.size = 1000;
  file.digest = "d";
  const auto spans = sluice::hub::parse_journal("sluice pull 1 1000 d\n" + std::string(text), file);
  require(spans.has_value());
  uint64_t missing = 0;
  for (const auto& span : spans->missing(file.size, 64)) {
    require(span.length > 0 && span.length <= 64 && span.start + span.length <= file.size);
    missing += span.length;
  }
  require(spans->total() + missing == file.size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_journal(text);
  require(sluice::hub::next_page(text).size() <= size);
  if (const auto name = sluice::hub::parse_name(text)) require(name->shown() == text);
  const auto files = sluice::hub::parse_listing(text);
  if (!files.ok()) {
    require(!files.error().message.empty());
    return 0;
  }
  std::vector<std::string> paths;
  for (const auto& file : *files) {
    require(!file.path.starts_with('/') && ("/" + file.path + "/").find("/../") == std::string::npos);
    require(file.path.find('\0') == std::string::npos && file.size <= sluice::hub::kMostFile);
    paths.push_back(file.path);
  }
  for (const auto& model : sluice::hub::models_in(paths)) {
    require(!model.paths.empty());
    const auto chosen = sluice::hub::choose(paths, model.tag);
    require(chosen.ok() ? !chosen->paths.empty() : !chosen.error().message.empty());
  }
  return 0;
}

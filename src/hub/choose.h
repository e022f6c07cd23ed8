// Which files of a repository make one model: a quantised GGUF (or all parts of a split one) by its tag, or the
// safetensors of its top folder with what a tokenizer and a configuration need.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::hub {

struct Choice {
  std::vector<std::string> paths;  // of a split GGUF: its parts in order
  bool gguf = false;               // else safetensors
  std::string tag;                 // what names it in its repository; empty for safetensors
};

// Every model among the paths; split GGUFs with parts missing are among them (see missing_part).
std::vector<Choice> models_in(std::span<const std::string> paths);

// A GGUF fits the tag (in any case) when its name, or a folder that it lies in, is the tag or ends with it after '-' or
// '.' (after '_' too where the tag has a digit), as in UD-Q4_K_XL/Qwen3.5-397B-A17B-UD-Q4_K_XL-00001-of-00006.gguf for
// Q4_K_XL. A whole name goes before an ending. Without a tag: the safetensors, or the only GGUF.
// Errors: not_found, with the tags that there are; invalid, where several fit, with their tags; corrupt, parts missing.
Result<Choice> choose(std::span<const std::string> paths, std::string_view tag);

}  // namespace sluice::hub

// config.json and generation_config.json as Metadata.
#pragma once

#include <string>
#include <string_view>

#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

// Adds the flattened contents of a JSON object to `out`, keys with `prefix` in front, as the comment at Metadata says.
// Lists of integers and other numbers mixed are lists of numbers; an empty list is an empty list of integers.
// Errors: corrupt, with `where` and the byte or key.
Status flatten_json(std::string_view text, std::string_view where, std::string_view prefix, Metadata& out);

// FOLDER/config.json and, where there is one, FOLDER/generation_config.json (prefix "generation.").
// Errors: not_found (config.json), corrupt, over_budget, io.
Result<Metadata> read_config(const std::string& folder);

}  // namespace sluice::store

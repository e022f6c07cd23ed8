// What a person hands in: files, pipes, standard input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::cli {

constexpr uint64_t kMostInput = uint64_t{64} << 20;

// The whole of a file, a pipe, or standard input when `path` is "-". Errors: not_found, io, over_budget (past
// kMostInput).
Result<std::string> read_input(const std::string& path);

// Nobody is piping anything in: reading would wait for the keyboard.
bool stdin_is_terminal();

// Errors: corrupt, naming `source` and the byte at which the text is not UTF-8.
Status check_utf8(std::string_view text, std::string_view source);

// Whole numbers separated by white space. Errors: corrupt, naming `source`, the position and what stands there.
Result<std::vector<int32_t>> parse_token_ids(std::string_view text, std::string_view source);

// read_input and parse_token_ids; invalid when there is none.
Result<std::vector<int32_t>> read_token_ids(const std::string& path);

}  // namespace sluice::cli

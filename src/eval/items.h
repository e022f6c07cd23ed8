// Evaluation items from a .jsonl file: one conversation a line, with the answer expected.
//   {"task": NAME, "messages": [...], "tools": [...] or null, "thinking": BOOL, "expect": VALUE}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::eval {

struct Item {
  std::string task;
  text::Value messages;  // a list
  text::Value tools;     // a list, or none
  text::Value expect;
  bool thinking = false;
};

// Blank lines are skipped. Errors: not_found, corrupt (naming the line).
Result<std::vector<Item>> read_items(const std::string& path);
Result<std::vector<Item>> parse_items(std::string_view jsonl);

struct Choice {
  int64_t limit = 0;              // the first N items of each task; 0: all
  std::vector<std::string> only;  // these tasks; empty: all
};

// Keeps the order of the file. Errors: invalid, for a task that no item has.
Result<std::vector<Item>> choose_items(std::vector<Item> items, const Choice& choice);

// A whole file. Errors: not_found, io.
Result<std::string> read_whole_file(const std::string& path);

}  // namespace sluice::eval

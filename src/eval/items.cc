#include "eval/items.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "text/quote.h"

namespace sluice::eval {
namespace {

using text::Value;

Error bad(std::string what) {
  return Error{Code::corrupt, std::move(what)};
}

Result<Item> parse_item(std::string_view line) {
  SLUICE_TRY(const Value object, text::parse_json(line));
  if (!object.is_map()) return bad("not a JSON object");
  const Value *task = object.find("task"), *messages = object.find("messages"), *tools = object.find("tools"),
              *thinking = object.find("thinking"), *expect = object.find("expect");
  if (task == nullptr || !task->is_string()) return bad("\"task\" must be a string");
  if (messages == nullptr || !messages->is_list()) return bad("\"messages\" must be a list");
  if (tools != nullptr && !tools->is_list() && !tools->is_none()) return bad("\"tools\" must be a list or null");
  if (thinking != nullptr && !thinking->is(Value::Kind::boolean)) return bad("\"thinking\" must be true or false");
  if (expect == nullptr) return bad("no \"expect\"");
  Item item{task->as_text().bytes(), *messages, Value(), *expect, thinking != nullptr && thinking->as_bool()};
  if (tools != nullptr) item.tools = *tools;
  return item;
}

}  // namespace

Result<std::vector<Item>> parse_items(std::string_view jsonl) {
  std::vector<Item> items;
  for (size_t number = 1; !jsonl.empty(); ++number) {
    const size_t end = jsonl.find('\n');
    const std::string_view line = jsonl.substr(0, end);
    jsonl.remove_prefix(end == jsonl.npos ? jsonl.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto item = parse_item(line);
    if (!item.ok()) return std::move(item).error().within("line " + std::to_string(number));
    items.push_back(std::move(item).value());
  }
  return items;
}

Result<std::string> read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::not_found, text::quote_text(path) + ": cannot be opened"};
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return Error{Code::io, text::quote_text(path) + ": cannot be read"};
  return bytes;
}

Result<std::vector<Item>> read_items(const std::string& path) {
  SLUICE_TRY(const std::string bytes, read_whole_file(path));
  auto items = parse_items(bytes);
  if (!items.ok()) return std::move(items).error().within(text::quote_text(path));
  return items;
}

Result<std::vector<Item>> choose_items(std::vector<Item> items, const Choice& choice) {
  std::set<std::string> missing(choice.only.begin(), choice.only.end());
  for (const Item& item : items) missing.erase(item.task);
  if (!missing.empty()) return Error{Code::invalid, "no item has the task " + text::quote_text(*missing.begin())};
  std::map<std::string, int64_t> taken;
  std::vector<Item> chosen;
  for (Item& item : items) {
    const bool wanted =
        choice.only.empty() || std::find(choice.only.begin(), choice.only.end(), item.task) != choice.only.end();
    if (!wanted || (choice.limit > 0 && taken[item.task] == choice.limit)) continue;
    ++taken[item.task];
    chosen.push_back(std::move(item));
  }
  return chosen;
}

}  // namespace sluice::eval

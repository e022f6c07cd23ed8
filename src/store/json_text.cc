#include "store/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "store/names.h"

namespace sluice::store {
namespace {

// Builds the tree bottom up from the parser's events. The stack lies in a vector: depth costs no call stack, and only
// the destructor of Json recurses, at most kMaxJsonDepth deep.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(std::string_view where) : where_(where) {}

  Json take_root() { return std::move(root_); }
  Error take_error() { return std::move(error_); }

  bool null() override { return add(Json{}); }
  bool boolean(bool v) override { return add(Json{v}); }
  bool number_integer(int64_t v) override { return add(Json{v}); }
  bool number_unsigned(uint64_t v) override {
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    return v <= kMax ? add(Json{static_cast<int64_t>(v)}) : add(Json{static_cast<double>(v)});
  }
  bool number_float(double v, const std::string&) override { return add(Json{v}); }
  bool string(std::string& v) override { return add(Json{std::move(v)}); }
  bool binary(binary_t&) override { return fail("binary value"); }
  bool start_object(size_t) override { return open(Json{Json::Object{}}); }
  bool start_array(size_t) override { return open(Json{Json::Array{}}); }
  bool key(std::string& v) override {
    keys_.back() = std::move(v);
    return true;
  }
  bool end_object() override { return unique_keys(std::get<Json::Object>(open_.back().value)) && close(); }
  bool end_array() override { return close(); }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& e) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..." from its second part on.
    std::string_view what = e.what();
    if (const size_t end = what.find("] "); end != std::string_view::npos) what.remove_prefix(end + 2);
    error_ = {Code::corrupt, fmt::format("{}: byte {}: {}", where_, position, shown(what, 200))};
    return false;
  }

 private:
  bool fail(std::string_view what) {
    error_ = {Code::corrupt, fmt::format("{}: {}", where_, what)};
    return false;
  }

  bool add(Json value) {
    if (++count_ > kMaxJsonValues) return fail(fmt::format("more than {} JSON values", kMaxJsonValues));
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* array = std::get_if<Json::Array>(&open_.back().value)) {
      array->push_back(std::move(value));
    } else {
      std::get<Json::Object>(open_.back().value).push_back({std::move(keys_.back()), std::move(value)});
    }
    return true;
  }

  bool open(Json container) {
    if (open_.size() >= kMaxJsonDepth) return fail(fmt::format("JSON nested deeper than {}", kMaxJsonDepth));
    open_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    Json done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }

  bool unique_keys(const Json::Object& object) {
    names_.clear();
    for (const JsonMember& member : object) names_.push_back(member.name);
    std::sort(names_.begin(), names_.end());
    const auto twice = std::adjacent_find(names_.begin(), names_.end());
    return twice == names_.end() || fail(fmt::format("key \"{}\" is given twice", shown(*twice)));
  }

  std::string_view where_;
  Json root_;
  Error error_{Code::corrupt, {}};
  uint64_t count_ = 0;
  std::vector<Json> open_;         // containers not yet closed, outermost first
  std::vector<std::string> keys_;  // beside each, the key its next value belongs to
  std::vector<std::string_view> names_;
};

}  // namespace

const Json* Json::member(std::string_view key) const {
  const auto* object = as<Object>();
  if (!object) return nullptr;
  for (const JsonMember& member : *object) {
    if (member.name == key) return &member.value;
  }
  return nullptr;
}

Result<Json> parse_json(std::string_view text, std::string_view where) {
  TreeBuilder builder(where);
  if (!nlohmann::json::sax_parse(text, &builder)) return builder.take_error();
  return builder.take_root();
}

}  // namespace sluice::store

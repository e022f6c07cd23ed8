#include "store/config_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "io/file.h"
#include "store/json_text.h"
#include "store/names.h"

namespace sluice::store {
namespace {

constexpr uint64_t kMaxConfig = uint64_t{16} << 20;
constexpr uint64_t kMaxKeyBytes = uint64_t{64} << 20;  // of all flattened keys: nesting repeats the outer ones

template <class T>
bool all_are(const Json::Array& array) {
  return std::all_of(array.begin(), array.end(), [](const Json& v) { return v.as<T>() != nullptr; });
}

template <class T>
std::vector<T> list_of(const Json::Array& array) {
  std::vector<T> out;
  out.reserve(array.size());
  for (const Json& v : array) out.push_back(*v.as<T>());
  return out;
}

std::optional<Metadata::Value> list(const Json::Array& array) {
  if (all_are<int64_t>(array)) return list_of<int64_t>(array);
  if (all_are<bool>(array)) return list_of<bool>(array);
  if (all_are<std::string>(array)) return list_of<std::string>(array);
  std::vector<double> reals;
  for (const Json& v : array) {
    const auto* integer = v.as<int64_t>();
    const auto* real = v.as<double>();
    if (!integer && !real) return std::nullopt;
    reals.push_back(integer ? static_cast<double>(*integer) : *real);
  }
  return reals;
}

class Flattener {
 public:
  Flattener(std::string_view where, Metadata& out) : where_(where), out_(out) {}

  // Recursion ends at kMaxJsonDepth, which the parser holds.
  Status object(const std::string& prefix, const Json::Object& object) {
    for (const auto& [name, value] : object) {
      SLUICE_TRY_VOID(account(prefix, name));
      const std::string key = prefix + name;
      if (const auto* inner = value.as<Json::Object>()) {
        SLUICE_TRY_VOID(this->object(key + ".", *inner));
      } else if (std::optional<Metadata::Value> flat = scalar(value)) {
        SLUICE_TRY_VOID(add(key, std::move(*flat)));
      }
    }
    return {};
  }

 private:
  static std::optional<Metadata::Value> scalar(const Json& json) {
    if (const auto* v = json.as<bool>()) return *v;
    if (const auto* v = json.as<int64_t>()) return *v;
    if (const auto* v = json.as<double>()) return *v;
    if (const auto* v = json.as<std::string>()) return *v;
    if (const auto* v = json.as<Json::Array>()) return list(*v);
    return std::nullopt;
  }

  // Every key costs its full flattened length, kept or not: the work is bounded with the memory.
  Status account(std::string_view prefix, std::string_view name) {
    const uint64_t bytes = prefix.size() + name.size();
    key_bytes_ += bytes;
    if (bytes <= kMaxKey && key_bytes_ <= kMaxKeyBytes) return {};
    return Error{Code::corrupt, fmt::format("{}: key {}{}: keys are too long", where_, shown(prefix), shown(name))};
  }

  Status add(const std::string& key, Metadata::Value value) {
    if (out_.has(key)) return Error{Code::corrupt, fmt::format("{}: key {} is given twice", where_, shown(key))};
    out_.set(key, std::move(value));
    return {};
  }

  std::string_view where_;
  Metadata& out_;
  uint64_t key_bytes_ = 0;
};

}  // namespace

Status flatten_json(std::string_view text, std::string_view where, std::string_view prefix, Metadata& out) {
  SLUICE_TRY(const Json json, parse_json(text, where));
  const auto* object = json.as<Json::Object>();
  if (!object) return Error{Code::corrupt, fmt::format("{}: not a JSON object", where)};
  return Flattener(where, out).object(std::string(prefix), *object);
}

Result<Metadata> read_config(const std::string& folder) {
  Metadata out;
  const std::string path = folder + "/config.json";
  auto text = io::read_text(path, kMaxConfig);
  if (!text.ok() && text.error().code == Code::not_found) {
    return Error{Code::not_found, path + ": missing; safetensors say nothing about the model without it"};
  }
  if (!text.ok()) return std::move(text).error();
  SLUICE_TRY_VOID(flatten_json(*text, path, "", out));
  const std::string generation_path = folder + "/generation_config.json";
  auto generation = io::read_text(generation_path, kMaxConfig);
  if (!generation.ok()) {
    if (generation.error().code == Code::not_found) return out;
    return std::move(generation).error();
  }
  SLUICE_TRY_VOID(flatten_json(*generation, generation_path, "generation.", out));
  return out;
}

}  // namespace sluice::store

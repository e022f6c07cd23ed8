// Writes small GGUF files for tests, right or wrong on purpose. Test code only.
//
//   GgufWriter w;
//   w.kv("general.architecture", "qwen35moe").kv<uint32_t>("qwen35moe.block_count", 8);
//   w.tensor("output.weight", 1, {64, 4}, std::string(64 * 4 * 2, 'x'));
//   w.write("/tmp/x.gguf");
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::testing {

// The little-endian bytes of plain values, one after the other.
template <class... T>
std::string raw(T... values) {
  std::string out;
  (out.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
  return out;
}

inline std::string gguf_string(std::string_view text) {
  return raw<uint64_t>(text.size()) + std::string(text);
}

template <class T>
constexpr uint32_t gguf_value_type() {
  if constexpr (std::is_same_v<T, bool>)
    return 7;
  else if constexpr (std::is_same_v<T, float>)
    return 6;
  else if constexpr (std::is_same_v<T, double>)
    return 12;
  else if constexpr (sizeof(T) == 8)
    return std::is_signed_v<T> ? 11 : 10;
  else if constexpr (sizeof(T) == 4)
    return std::is_signed_v<T> ? 5 : 4;
  else if constexpr (sizeof(T) == 2)
    return std::is_signed_v<T> ? 3 : 2;
  else
    return std::is_signed_v<T> ? 1 : 0;
}

class GgufWriter {
 public:
  struct TensorInfo {
    std::string name;
    uint32_t type = 0;
    std::vector<uint64_t> ne;  // fastest dimension first
    std::string bytes;
    int64_t offset = -1;  // in the data section; -1: after the tensor before it
  };

  uint32_t version = 3;
  uint64_t alignment = 32;  // used for layout; write kv general.alignment yourself where it is another
  int64_t claimed_tensors = -1, claimed_values = -1;  // -1: the truth

  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  GgufWriter& kv(std::string_view key, T value) {
    return kv_raw(key, gguf_value_type<T>(), raw(value));
  }
  GgufWriter& kv(std::string_view key, std::string_view value) { return kv_raw(key, 8, gguf_string(value)); }
  GgufWriter& kv(std::string_view key, const char* value) { return kv(key, std::string_view(value)); }
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  GgufWriter& kv(std::string_view key, const std::vector<T>& values) {
    std::string bytes = raw<uint32_t, uint64_t>(gguf_value_type<T>(), values.size());
    for (const T value : values) bytes += raw<T>(value);
    return kv_raw(key, 9, bytes);
  }
  GgufWriter& kv(std::string_view key, const std::vector<std::string>& values) {
    std::string bytes = raw<uint32_t, uint64_t>(8, values.size());
    for (const std::string& value : values) bytes += gguf_string(value);
    return kv_raw(key, 9, bytes);
  }
  // Any value type with any bytes.
  GgufWriter& kv_raw(std::string_view key, uint32_t type, std::string_view bytes) {
    values_ += gguf_string(key) + raw(type) + std::string(bytes);
    ++value_count_;
    return *this;
  }

  GgufWriter& tensor(std::string name, uint32_t type, std::vector<uint64_t> ne, std::string bytes,
                     int64_t offset = -1) {
    tensors_.push_back({std::move(name), type, std::move(ne), std::move(bytes), offset});
    return *this;
  }

  // The header alone: what comes before the data section's padding.
  std::string header() const {
    std::string infos;
    uint64_t next = 0;
    for (const TensorInfo& t : tensors_) {
      infos += gguf_string(t.name) + raw<uint32_t>(static_cast<uint32_t>(t.ne.size()));
      for (const uint64_t n : t.ne) infos += raw(n);
      infos += raw(t.type) + raw<uint64_t>(t.offset >= 0 ? static_cast<uint64_t>(t.offset) : next);
      next = aligned(next + t.bytes.size());
    }
    const uint64_t tensors = claimed_tensors >= 0 ? static_cast<uint64_t>(claimed_tensors) : tensors_.size();
    const uint64_t values = claimed_values >= 0 ? static_cast<uint64_t>(claimed_values) : value_count_;
    return std::string("GGUF") + raw(version, tensors, values) + values_ + infos;
  }

  // The whole file. Ends with the last tensor's last byte.
  std::string bytes() const {
    std::string out = header();
    for (const TensorInfo& t : tensors_) {
      out.resize(aligned(out.size()), '\0');
      out += t.bytes;
    }
    return out;
  }

  void write(const std::string& path) const { write_file(path, bytes()); }

  // FOLDER/PREFIX-00001-of-0000N.gguf ...: key-values in part 1, tensors dealt out in order. `total` is written as
  // split.tensors.count where it is not negative, else the truth. Returns the paths.
  std::vector<std::string> write_split(const std::string& prefix, int parts, int64_t total = -1) const {
    std::vector<std::string> paths;
    for (int i = 0; i < parts; ++i) {
      GgufWriter part;
      if (i == 0) part = *this, part.tensors_.clear();
      part.kv<uint16_t>("split.no", static_cast<uint16_t>(i)).kv<uint16_t>("split.count", static_cast<uint16_t>(parts));
      part.kv<int32_t>("split.tensors.count",
                       static_cast<int32_t>(total >= 0 ? total : static_cast<int64_t>(tensors_.size())));
      const size_t n = tensors_.size(), p = static_cast<size_t>(parts), k = static_cast<size_t>(i);
      for (size_t t = n * k / p; t < n * (k + 1) / p; ++t) part.tensors_.push_back(tensors_[t]);
      char name[64];
      std::snprintf(name, sizeof(name), "-%05d-of-%05d.gguf", i + 1, parts);
      paths.push_back(prefix + name);
      part.write(paths.back());
    }
    return paths;
  }

  static void write_file(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  uint64_t aligned(uint64_t n) const { return (n + alignment - 1) / alignment * alignment; }

  std::string values_;
  uint64_t value_count_ = 0;
  std::vector<TensorInfo> tensors_;
};

}  // namespace sluice::testing

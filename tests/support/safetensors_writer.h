// Writes small safetensors files for tests, right or wrong on purpose. Test code only.
//
//   SafetensorsWriter w;
//   w.tensor("lm_head.weight", "BF16", {4, 64}, std::string(512, 'x')).metadata("format", "mlx");
//   w.write("/tmp/m/model.safetensors");
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::testing {

class SafetensorsWriter {
 public:
  // Names and dtypes must need no JSON escapes.
  SafetensorsWriter& tensor(std::string_view name, std::string_view dtype, const std::vector<int64_t>& shape,
                            std::string_view bytes) {
    const size_t begin = data_.size();
    data_ += bytes;
    std::string dims;
    for (const int64_t n : shape) {
      if (!dims.empty()) dims += ',';
      dims += std::to_string(n);
    }
    std::string json = "{\"dtype\":\"";
    json.append(dtype).append("\",\"shape\":[").append(dims).append("],\"data_offsets\":[");
    json.append(std::to_string(begin)).append(",").append(std::to_string(data_.size())).append("]}");
    return entry(name, json);
  }

  // Any header entry, as JSON text.
  SafetensorsWriter& entry(std::string_view name, std::string_view json) {
    entries_ += entries_.empty() ? "\"" : ",\"";
    entries_ += name;
    entries_ += "\":";
    entries_ += json;
    return *this;
  }

  SafetensorsWriter& metadata(std::string_view key, std::string_view value) {
    return entry("__metadata__", std::string("{\"").append(key).append("\":\"").append(value).append("\"}"));
  }

  std::string header() const { return std::string("{").append(entries_).append("}"); }

  std::string bytes() const { return with_header(header(), data_); }

  static std::string with_header(std::string_view header, std::string_view data) {
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + std::string(header) +
           std::string(data);
  }

  void write(const std::string& path) const {
    const std::string all = bytes();
    std::ofstream(path, std::ios::binary).write(all.data(), static_cast<std::streamsize>(all.size()));
  }

 private:
  std::string entries_;
  std::string data_;
};

}  // namespace sluice::testing

#include "store/gguf_writer.h"

#include <bit>
#include <limits>
#include <type_traits>

#include "base/check.h"

namespace sluice::store {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they stand");

constexpr uint64_t kAlignment = 32;  // GGUF's when general.alignment is absent
enum ValueType : uint32_t { u32 = 4, i32 = 5, f32 = 6, boolean = 7, string = 8, array = 9, i64 = 11 };

uint64_t aligned(uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<uint64_t>(out, text.size());
  out += text;
}

void put_value(std::string& out, bool value) {
  put<uint32_t>(out, boolean);
  put<uint8_t>(out, value);
}

void put_value(std::string& out, int64_t value) {
  if (value >= 0 && value <= std::numeric_limits<uint32_t>::max()) {
    put<uint32_t>(out, u32);
    put(out, static_cast<uint32_t>(value));
  } else {
    put<uint32_t>(out, i64);
    put(out, value);
  }
}

void put_value(std::string& out, double value) {
  put<uint32_t>(out, f32);
  put(out, static_cast<float>(value));
}

void put_value(std::string& out, const std::string& value) {
  put<uint32_t>(out, string);
  put_text(out, value);
}

template <class T>
void put_value(std::string& out, const std::vector<T>& list) {
  constexpr ValueType type = std::is_same_v<T, bool>      ? boolean
                             : std::is_same_v<T, int64_t> ? i32
                             : std::is_same_v<T, double>  ? f32
                                                          : string;
  put<uint32_t>(out, array);
  put<uint32_t>(out, type);
  put<uint64_t>(out, list.size());
  for (const auto& item : list) {
    if constexpr (type == boolean) {
      put<uint8_t>(out, item);
    } else if constexpr (type == i32) {
      put(out, static_cast<int32_t>(item));
    } else if constexpr (type == f32) {
      put(out, static_cast<float>(item));
    } else {
      put_text(out, item);
    }
  }
}

}  // namespace

void GgufHeader::add(const KeyValue& pair) {
  put_text(pairs_, pair.key);
  std::visit([this](const auto& value) { put_value(pairs_, value); }, pair.value);
  ++pair_count_;
}

void GgufHeader::add_tensor(std::string_view name, quant::FormatId format, const std::vector<int64_t>& ne) {
  const int32_t type = quant::format(format).gguf_type;
  SLUICE_CHECK(type >= 0 && !ne.empty());
  put_text(infos_, name);
  put(infos_, static_cast<uint32_t>(ne.size()));
  auto bytes = static_cast<uint64_t>(quant::row_bytes(format, ne[0]));
  for (const int64_t n : ne) put(infos_, static_cast<uint64_t>(n));
  for (size_t i = 1; i < ne.size(); ++i) bytes *= static_cast<uint64_t>(ne[i]);
  put(infos_, static_cast<uint32_t>(type));
  put(infos_, data_bytes_);
  places_.push_back({data_bytes_, bytes});
  data_bytes_ = aligned(data_bytes_ + bytes);
}

std::string GgufHeader::bytes() const {
  std::string out = "GGUF";
  put<uint32_t>(out, 3);
  put<uint64_t>(out, places_.size());
  put(out, pair_count_);
  out += pairs_;
  out += infos_;
  out.resize(aligned(out.size()), '\0');
  return out;
}

std::vector<GgufPlace> GgufHeader::places() const {
  std::vector<GgufPlace> out = places_;
  const uint64_t start = aligned(24 + pairs_.size() + infos_.size());
  for (GgufPlace& place : out) place.offset += start;
  return out;
}

uint64_t GgufHeader::file_bytes() const {
  return aligned(24 + pairs_.size() + infos_.size()) + data_bytes_;
}

}  // namespace sluice::store

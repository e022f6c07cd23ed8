#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "store/gguf.h"
#include "store/names.h"

namespace sluice::store {
namespace {

constexpr uint64_t kMaxString = uint64_t{64} << 20;
constexpr int kMaxArrayDepth = 8;
constexpr uint64_t kMinKeyValue = 8 + 1 + 4 + 1;  // one-byte key, one-byte value

enum Type : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };

// The fewest bytes a value of the type takes; 0: no such type.
uint64_t min_bytes(uint32_t type) {
  static constexpr uint64_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

// Reads `count` numbers of type T in pieces that fit the cursor's window.
template <class T, class Out>
Result<Metadata::Value> numbers(ByteCursor& cursor, uint64_t count) {
  std::vector<Out> out;
  out.reserve(count);
  while (out.size() < count) {
    const uint64_t n = std::min<uint64_t>(count - out.size(), 65536);
    SLUICE_TRY(const auto bytes, cursor.take(n * sizeof(T), "array of numbers"));
    for (uint64_t i = 0; i < n; ++i) {
      T value;
      std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
      out.push_back(static_cast<Out>(value));
    }
  }
  if constexpr (std::is_same_v<T, uint64_t>) {
    // Values past int64 came out negative: the list becomes one of numbers.
    if (std::any_of(out.begin(), out.end(), [](int64_t v) { return v < 0; })) {
      std::vector<double> reals;
      reals.reserve(count);
      for (const int64_t v : out) reals.push_back(static_cast<double>(static_cast<uint64_t>(v)));
      return Metadata::Value(std::move(reals));
    }
  }
  return Metadata::Value(std::move(out));
}

Result<Metadata::Value> booleans(ByteCursor& cursor, uint64_t count) {
  std::vector<bool> out;
  out.reserve(count);
  while (out.size() < count) {
    SLUICE_TRY(const uint8_t value, cursor.number<uint8_t>("boolean"));
    if (value > 1) return cursor.error(Code::corrupt, fmt::format("boolean is {}, not 0 or 1", value));
    out.push_back(value != 0);
  }
  return Metadata::Value(std::move(out));
}

Result<Metadata::Value> texts(ByteCursor& cursor, uint64_t count) {
  std::vector<std::string> out;
  out.reserve(count);
  while (out.size() < count) {
    SLUICE_TRY(const std::string_view value, cursor.text(kMaxString, "string"));
    out.emplace_back(value);
  }
  return Metadata::Value(std::move(out));
}

// `count` values of a type that is not array.
Result<Metadata::Value> values(ByteCursor& cursor, uint32_t type, uint64_t count) {
  switch (type) {
    case u8:
      return numbers<uint8_t, int64_t>(cursor, count);
    case i8:
      return numbers<int8_t, int64_t>(cursor, count);
    case u16:
      return numbers<uint16_t, int64_t>(cursor, count);
    case i16:
      return numbers<int16_t, int64_t>(cursor, count);
    case u32:
      return numbers<uint32_t, int64_t>(cursor, count);
    case i32:
      return numbers<int32_t, int64_t>(cursor, count);
    case u64:
      return numbers<uint64_t, int64_t>(cursor, count);
    case i64:
      return numbers<int64_t, int64_t>(cursor, count);
    case f32:
      return numbers<float, double>(cursor, count);
    case f64:
      return numbers<double, double>(cursor, count);
    case boolean:
      return booleans(cursor, count);
    default:
      return texts(cursor, count);
  }
}

struct ArrayHead {
  uint32_t type;
  uint64_t count;
};

Result<ArrayHead> array_head(ByteCursor& cursor) {
  SLUICE_TRY(const uint32_t type, cursor.number<uint32_t>("array element type"));
  if (min_bytes(type) == 0) return cursor.error(Code::corrupt, fmt::format("unknown array element type {}", type));
  SLUICE_TRY(const uint64_t count, cursor.number<uint64_t>("array length"));
  if (count > cursor.remaining() / min_bytes(type)) {
    return cursor.error(Code::corrupt,
                        fmt::format("array claims {} elements, only {} bytes can follow", count, cursor.remaining()));
  }
  return ArrayHead{type, count};
}

Status skip_arrays(ByteCursor& cursor, uint64_t count, int depth) {
  if (depth > kMaxArrayDepth) {
    return cursor.error(Code::corrupt, fmt::format("arrays nested deeper than {}", kMaxArrayDepth));
  }
  for (uint64_t i = 0; i < count; ++i) {
    SLUICE_TRY(const ArrayHead head, array_head(cursor));
    if (head.type == array) {
      SLUICE_TRY_VOID(skip_arrays(cursor, head.count, depth + 1));
    } else if (head.type == text) {
      for (uint64_t j = 0; j < head.count; ++j) SLUICE_TRY_VOID(cursor.text(kMaxString, "string"));
    } else {
      SLUICE_TRY_VOID(cursor.skip(head.count * min_bytes(head.type), "nested array"));
    }
  }
  return {};
}

// A list of one as the scalar it stands for.
template <class T>
Metadata::Value first_of(T& scalar) {
  return std::move(scalar);
}
template <class T>
Metadata::Value first_of(std::vector<T>& list) {
  return T(std::move(list.front()));
}
Metadata::Value only(Metadata::Value list) {
  return std::visit([](auto& values) { return first_of(values); }, list);
}

Status read_value(ByteCursor& cursor, std::string key, Metadata& out) {
  SLUICE_TRY(const uint32_t type, cursor.number<uint32_t>("value type"));
  if (min_bytes(type) == 0) return cursor.error(Code::corrupt, fmt::format("unknown value type {}", type));
  if (type != array) {
    SLUICE_TRY(Metadata::Value value, values(cursor, type, 1));
    out.set(std::move(key), only(std::move(value)));
    return {};
  }
  SLUICE_TRY(const ArrayHead head, array_head(cursor));
  if (head.type == array) return skip_arrays(cursor, head.count, 2);
  SLUICE_TRY(Metadata::Value value, values(cursor, head.type, head.count));
  out.set(std::move(key), std::move(value));
  return {};
}

}  // namespace

Result<Metadata> read_gguf_metadata(ByteCursor& cursor, uint64_t count) {
  if (count > cursor.remaining() / kMinKeyValue) {
    return cursor.error(
        Code::corrupt, fmt::format("header claims {} key-values, only {} bytes can follow", count, cursor.remaining()));
  }
  Metadata out;
  for (uint64_t i = 0; i < count; ++i) {
    SLUICE_TRY(const std::string_view name, cursor.text(kMaxKey, "key"));
    if (const auto fault = name_fault(name, kMaxKey); !fault.empty()) {
      return cursor.error(Code::corrupt, fmt::format("key {} '{}' {}", i, shown(name), fault));
    }
    std::string key(name);
    if (out.has(key)) return cursor.error(Code::corrupt, fmt::format("key {} is given twice", shown(key)));
    const std::string noun = "key " + shown(key);
    if (Status status = read_value(cursor, std::move(key), out); !status.ok()) {
      Error error = std::move(status).error();
      error.message += fmt::format(" ({})", noun);
      return error;
    }
  }
  return out;
}

}  // namespace sluice::store

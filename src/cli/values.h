// Values on the command line: from text, with a sentence for what is wrong, and sizes back to text.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// Takes one value. What is wrong with it ("must be 1 to 8"), or nothing.
using Take = std::function<std::optional<std::string>(const std::string&)>;

// Each keeps a reference to `out`, which must live until the command line is parsed.
Take text(std::string& out);
Take text(std::optional<std::string>& out);
Take texts(std::vector<std::string>& out);  // one more value each time; none may be empty
Take one_of(std::string& out, std::vector<std::string> names);
Take size(uint64_t& out);  // parse_size, above 0

struct RealRange {
  double least, most;
  bool open = false;  // `least` itself is excluded
};
Take real(std::optional<float>& out, RealRange range);
Take real(double& out, RealRange range);

Take integer_of(int64_t least, int64_t most, std::function<void(int64_t)> set);
Take natural(std::optional<uint64_t>& out);  // any 64 bits

template <class T>
Take integer(T& out, int64_t least, int64_t most = std::numeric_limits<int32_t>::max()) {
  return integer_of(least, most, [&out](int64_t value) { out = static_cast<T>(value); });
}

template <class T>
Take integer(std::optional<T>& out, int64_t least, int64_t most = std::numeric_limits<int32_t>::max()) {
  return integer_of(least, most, [&out](int64_t value) { out = static_cast<T>(value); });
}

// "4096", "512M", "1.5GiB", "8GB": K, M, G, T and KiB ... count in 1024s, KB ... in 1000s; any case.
std::optional<uint64_t> parse_size(std::string_view text);

// "71.3 MB": decimal, as drives are sold; three digits.
std::string show_bytes(double bytes);

}  // namespace sluice::cli

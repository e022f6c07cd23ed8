// The page at /: files of web/, compiled in (cmake/embed.cmake). No request can name any other.
#pragma once

#include <span>
#include <string_view>

namespace sluice::serve {

struct Asset {
  std::string_view path;   // "/" or "/page/NAME"
  std::string_view type;   // of its content, for Content-Type
  std::string_view tag;    // of its bytes, in quotes: an ETag
  std::string_view bytes;
};

std::span<const Asset> assets();  // made by the build

}  // namespace sluice::serve

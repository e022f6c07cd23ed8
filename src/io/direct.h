// Where the bytes of a direct read land, and how much room they need.
//
// A direct read moves whole blocks of `align` = File::alignment() bytes, but an expert's bytes lie anywhere (GGUF:
// multiples of 32; MLX: odd). So a queue reads the aligned superset of a request, straight into place, with no copy:
//
//   file      |....[##########|##########|####]......|     [ ] = offset, bytes     | = multiples of align
//   memory    |....[##########|##########|####]......|     [ is Request::dst
//              head                             tail
//
// The caller gives dst so that dst % align == offset % align, with room for head = offset % align bytes before dst and
// up to align - 1 after dst + bytes. Head and tail are overwritten with the file's neighbouring bytes: nothing else may
// live there while the request is in flight. For a buffered file align is 1, head and tail are empty and any dst will
// do.
//
// Laying out a slot for the extents of a record: let `align` be the largest alignment() of the files involved (they are
// powers of two, so it serves all of them) and the slot start at a multiple of it; give every extent direct_room(bytes,
// align) bytes one after the other. Room i starting at `start`, its extent goes to
//     dst = start + offset % align
// A kernel finds the weights at dst: aligned as the file has them, and not more.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::io {

// The aligned superset of [offset, offset + bytes).
struct DirectSpan {
  uint64_t begin;  // a multiple of align, at most offset
  uint64_t head;   // offset - begin
  uint64_t bytes;  // from begin; a multiple of align; 0 only for a request of no bytes

  uint64_t end() const { return begin + bytes; }
};

// REQUIRES: align is a power of two; offset + bytes + align does not overflow.
constexpr DirectSpan direct_span(uint64_t offset, uint64_t bytes, uint64_t align) {
  const uint64_t mask = align - 1, begin = offset & ~mask;
  if (bytes == 0) return {begin, offset - begin, 0};
  return {begin, offset - begin, ((offset + bytes + mask) & ~mask) - begin};
}

// Room that holds the aligned superset of `bytes` bytes at whatever offset; a multiple of align. The same power of two.
constexpr uint64_t direct_room(uint64_t bytes, uint64_t align) {
  const uint64_t mask = align - 1;
  return (bytes + mask + mask) & ~mask;  // head <= align - 1
}

// Whether bytes of `offset` may be read to `dst`.
inline bool direct_fits(uint64_t offset, const std::byte* dst, uint64_t align) {
  return ((reinterpret_cast<uintptr_t>(dst) ^ offset) & (align - 1)) == 0;
}

}  // namespace sluice::io

#include "runtime/snapshot_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "io/file.h"
#include "store/atomic_file.h"
#include "store/checksum.h"

namespace sluice::runtime {
namespace {

static_assert(std::endian::native == std::endian::little, "snapshots are little-endian and read as they stand");

constexpr char kMagic[8] = {'S', 'L', 'U', 'S', 'N', 'A', 'P', '\n'};
constexpr uint64_t kAlign = 4096;

struct Header {
  char magic[8];
  uint32_t version, tokens, held;
  uint8_t pending, logits, unused[2];
  uint64_t key;
  uint64_t tokens_sum, block_sums_sum, states_sum, logits_sum;
  uint64_t header_sum;  // of what stands before it
};
static_assert(sizeof(Header) == 72);

uint64_t sum_of(const Header& h) { return store::checksum(std::as_bytes(std::span(&h, 1)).first(offsetof(Header, header_sum))); }

// Where everything stands; all sizes are known before the file is looked at.
struct Layout {
  Layout(const SnapshotShape& shape, uint64_t token_count, bool pending, int32_t held, bool has_logits) {
    positions = static_cast<int64_t>(token_count) - (pending ? 1 : 0);
    tokens = place(token_count * sizeof(int32_t));
    sums = place(block_count(positions) * sizeof(uint64_t));
    states = place(shape.states_bytes(held));
    logits = place(has_logits ? shape.logits_bytes : 0);
    for (size_t b = 0; b < block_count(positions); ++b) blocks.push_back(place(shape.block_bytes(block_rows(positions, b))));
  }
  struct Section {
    uint64_t offset, bytes;
  };
  Section place(uint64_t bytes) {
    const Section out{end, bytes};
    end += align_up(bytes, kAlign);
    return out;
  }
  int64_t positions;
  uint64_t end = kAlign;  // of the file
  Section tokens, sums, states, logits;
  std::vector<Section> blocks;
};

Layout layout_of(const SnapshotShape& shape, const Snapshot& s) {
  return Layout(shape, s.tokens.size(), s.pending, s.held, s.logits.size() > 0);
}

Layout layout_of(const SnapshotShape& shape, const Header& h) {
  return Layout(shape, h.tokens, h.pending != 0, static_cast<int32_t>(h.held), h.logits != 0);
}

std::span<const std::byte> bytes_of(const Arena& arena, uint64_t bytes) { return {arena.data(), bytes}; }

Error bad(const std::string& path, Code code, std::string_view what) { return {code, fmt::format("{}: {}", path, what)}; }

Result<Header> read_header(const io::File& file, const SnapshotShape& shape, uint64_t key) {
  Header h;
  if (file.size() < kAlign) return bad(file.path(), Code::corrupt, "not a snapshot: too short");
  SLUICE_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(&h, 1))));
  if (std::memcmp(h.magic, kMagic, sizeof kMagic) != 0) return bad(file.path(), Code::corrupt, "not a snapshot");
  if (h.version != kSnapshotVersion) return bad(file.path(), Code::unsupported, fmt::format("a snapshot of version {}", h.version));
  if (h.header_sum != sum_of(h)) return bad(file.path(), Code::corrupt, "the header is damaged");
  if (h.key != key) return bad(file.path(), Code::unsupported, "of another model, or of one run differently");
  if (h.tokens == 0 || h.tokens > shape.capacity || h.pending > 1 || h.logits > 1 || h.tokens <= h.pending) {
    return bad(file.path(), Code::unsupported, fmt::format("{} tokens do not fit this context", h.tokens));
  }
  if (h.held > static_cast<uint32_t>(shape.most_held)) return bad(file.path(), Code::unsupported, "it holds drafts, and nothing is guessed ahead");
  const Layout layout = layout_of(shape, h);
  if (layout.end != file.size()) {
    return bad(file.path(), Code::corrupt, fmt::format("{} bytes where {} belong", file.size(), layout.end));
  }
  return h;
}

Status read_checked(const io::File& file, Layout::Section s, std::byte* to, uint64_t sum, std::string_view what) {
  const std::span<std::byte> out(to, s.bytes);
  SLUICE_TRY_VOID(file.read(s.offset, out));
  if (store::checksum(out) != sum) return bad(file.path(), Code::corrupt, fmt::format("the {} are damaged", what));
  return {};
}

Result<std::vector<int32_t>> read_tokens(const io::File& file, const Layout& layout, const Header& h, const SnapshotShape& shape) {
  std::vector<int32_t> out(h.tokens);
  SLUICE_TRY_VOID(read_checked(file, layout.tokens, std::as_writable_bytes(std::span(out)).data(), h.tokens_sum, "tokens"));
  const auto vocabulary = static_cast<int64_t>(shape.logits_bytes / sizeof(float));
  const bool known = std::all_of(out.begin(), out.end(), [&](int32_t token) { return token >= 0 && token < vocabulary; });
  if (!known) return bad(file.path(), Code::corrupt, "a token is none of the model's");
  return out;
}

Result<Arena> read_arena(const io::File& file, Layout::Section s, uint64_t sum, std::string_view what) {
  SLUICE_TRY(Arena out, Arena::map(s.bytes));
  SLUICE_TRY_VOID(read_checked(file, s, out.data(), sum, what));
  return out;
}

}  // namespace

uint64_t file_bytes(const SnapshotShape& shape, const Snapshot& snapshot) { return layout_of(shape, snapshot).end; }

Status write_snapshot(const std::string& path, const SnapshotShape& shape, uint64_t key, const Snapshot& s) {
  const Layout layout = layout_of(shape, s);
  std::vector<uint64_t> sums;
  for (size_t b = 0; b < s.blocks.size(); ++b) sums.push_back(store::checksum(bytes_of(*s.blocks[b], layout.blocks[b].bytes)));
  const auto tokens = std::as_bytes(std::span(s.tokens)), block_sums = std::as_bytes(std::span(sums));
  const auto states = bytes_of(s.states, layout.states.bytes), logits = bytes_of(s.logits, layout.logits.bytes);
  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kSnapshotVersion;
  h.tokens = static_cast<uint32_t>(s.tokens.size());
  h.held = static_cast<uint32_t>(s.held);
  h.pending = s.pending ? 1 : 0;
  h.logits = logits.empty() ? 0 : 1;
  h.key = key;
  h.tokens_sum = store::checksum(tokens);
  h.block_sums_sum = store::checksum(block_sums);
  h.states_sum = store::checksum(states);
  h.logits_sum = store::checksum(logits);
  h.header_sum = sum_of(h);
  SLUICE_TRY(store::AtomicFile file, store::AtomicFile::create(path, layout.end));
  SLUICE_TRY_VOID(file.make_private());  // what was said is nobody else's business
  SLUICE_TRY_VOID(file.write(0, std::as_bytes(std::span(&h, 1))));
  SLUICE_TRY_VOID(file.write(layout.tokens.offset, tokens));
  SLUICE_TRY_VOID(file.write(layout.sums.offset, block_sums));
  SLUICE_TRY_VOID(file.write(layout.states.offset, states));
  SLUICE_TRY_VOID(file.write(layout.logits.offset, logits));
  for (size_t b = 0; b < s.blocks.size(); ++b) {
    SLUICE_TRY_VOID(file.write(layout.blocks[b].offset, bytes_of(*s.blocks[b], layout.blocks[b].bytes)));
  }
  return file.finish();
}

Result<SavedPrefix> read_prefix(const std::string& path, const SnapshotShape& shape, uint64_t key) {
  SLUICE_TRY(const io::File file, io::File::open(path));
  SLUICE_TRY(const Header h, read_header(file, shape, key));
  const Layout layout = layout_of(shape, h);
  SavedPrefix out;
  SLUICE_TRY(out.tokens, read_tokens(file, layout, h, shape));
  out.pending = h.pending != 0;
  out.logits = h.logits != 0;
  out.held = static_cast<int32_t>(h.held);
  out.memory = mapped_bytes(layout.states.bytes) + mapped_bytes(layout.logits.bytes);
  for (const Layout::Section& block : layout.blocks) out.memory += mapped_bytes(block.bytes);
  out.file = file.size();
  return out;
}

Result<std::shared_ptr<const Snapshot>> read_snapshot(const std::string& path, const SnapshotShape& shape, uint64_t key) {
  SLUICE_TRY(const io::File file, io::File::open(path));
  SLUICE_TRY(const Header h, read_header(file, shape, key));
  const Layout layout = layout_of(shape, h);
  auto out = std::make_shared<Snapshot>();
  out->pending = h.pending != 0;
  out->held = static_cast<int32_t>(h.held);
  SLUICE_TRY(out->tokens, read_tokens(file, layout, h, shape));
  std::vector<uint64_t> sums(layout.blocks.size());
  SLUICE_TRY_VOID(read_checked(file, layout.sums, std::as_writable_bytes(std::span(sums)).data(), h.block_sums_sum, "checksums"));
  SLUICE_TRY(out->states, read_arena(file, layout.states, h.states_sum, "states"));
  SLUICE_TRY(out->logits, read_arena(file, layout.logits, h.logits_sum, "logits"));
  for (size_t b = 0; b < layout.blocks.size(); ++b) {
    SLUICE_TRY(Arena block, read_arena(file, layout.blocks[b], sums[b], "keys and values"));
    out->blocks.push_back(std::make_shared<const Arena>(std::move(block)));
  }
  file.drop_cached();
  return std::shared_ptr<const Snapshot>(std::move(out));
}

}  // namespace sluice::runtime

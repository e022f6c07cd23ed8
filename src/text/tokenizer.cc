#include "text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/byte_map.h"
#include "text/nfc.h"
#include "text/quote.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr size_t max_text = size_t{1} << 30;
constexpr size_t max_token_bytes = size_t{1} << 14;  // of one: structures over tokens count its bytes in 16 bits
constexpr size_t max_table_bytes = size_t{1} << 30;  // of all tokens together

// Number of ids: the highest one that stands for something, plus one.
Result<size_t> count_ids(const Vocabulary& vocabulary) {
  size_t count = vocabulary.tokens.size();
  while (count > 0 && vocabulary.tokens[count - 1].empty()) --count;
  for (const AddedToken& token : vocabulary.added) {
    if (token.id < 0)
      return Error{Code::corrupt, fmt::format("added token {}: negative id {}", quote_text(token.text), token.id)};
    count = std::max(count, static_cast<size_t>(token.id) + 1);
  }
  if (count > static_cast<size_t>(max_token_id) + 1) {
    return Error{Code::unsupported,
                 fmt::format("vocabulary: token id {}; at most {} is supported", count - 1, max_token_id)};
  }
  return count;
}

// Added tokens in order of id, each id once.
Result<std::vector<const AddedToken*>> order_added(const std::vector<AddedToken>& added) {
  std::vector<const AddedToken*> by_id;
  for (const AddedToken& token : added) by_id.push_back(&token);
  std::sort(by_id.begin(), by_id.end(), [](auto a, auto b) { return a->id < b->id; });
  for (size_t i = 1; i < by_id.size(); ++i) {
    if (by_id[i - 1]->id != by_id[i]->id) continue;
    return Error{Code::corrupt, fmt::format("added token {}: both {} and {}", by_id[i]->id,
                                            quote_text(by_id[i - 1]->text), quote_text(by_id[i]->text))};
  }
  return by_id;
}

// The bytes of token `id` into `bytes`; false in `.ordinary` when BPE can never make it.
struct Entry {
  bool ordinary;
};
Result<Entry> read_entry(std::string_view spelling, const AddedToken* added, size_t id, std::string& bytes) {
  bytes.clear();
  const bool spelled = append_spelled_bytes(spelling, bytes);
  if (added) {
    // Some files list an added token among the ordinary ones too; that is harmless while both mean the same bytes.
    if (!spelling.empty() && (!spelled || bytes != added->text)) {
      return Error{Code::corrupt, fmt::format("token {}: an ordinary token {} and the added token {} share the id", id,
                                              quote_text(spelling), quote_text(added->text))};
    }
    bytes = added->text;
    return Entry{!spelling.empty()};
  }
  // Like the reference, take a token outside the byte-level alphabet literally; no text is ever encoded to it.
  if (!spelled) bytes = spelling;
  return Entry{spelled && !spelling.empty()};
}

Result<TokenTable> build_table(const Vocabulary& vocabulary) {
  SLUICE_TRY(const size_t count, count_ids(vocabulary));
  SLUICE_TRY(const auto by_id, order_added(vocabulary.added));
  TokenTable table(count);
  std::vector<int32_t> ordinary;
  ordinary.reserve(count);
  std::string bytes;
  auto next_added = by_id.begin();
  for (size_t id = 0; id < count; ++id) {
    const bool is_added = next_added != by_id.end() && static_cast<size_t>((*next_added)->id) == id;
    const AddedToken* added = is_added ? *next_added++ : nullptr;
    const std::string_view spelling = id < vocabulary.tokens.size() ? vocabulary.tokens[id] : std::string_view();
    SLUICE_TRY(const Entry entry, read_entry(spelling, added, id, bytes));
    if (bytes.size() > max_token_bytes) {
      return Error{Code::unsupported,
                   fmt::format("token {}: {} bytes; at most {} are supported", id, bytes.size(), max_token_bytes)};
    }
    if (bytes.size() > max_table_bytes - table.byte_count()) {
      return Error{Code::unsupported, "vocabulary: its tokens hold more than 1 GiB of text"};
    }
    table.append(bytes);
    if (entry.ordinary) ordinary.push_back(static_cast<int32_t>(id));
  }
  if (const int32_t id = table.index(ordinary); id != TokenTable::absent) {
    const std::string_view own = table.bytes(id);
    return Error{Code::corrupt,
                 fmt::format("token {}: {} already belongs to token {}", id, quote_text(own), table.find(own))};
  }
  return table;
}

}  // namespace

// One call of encode.
struct Tokenizer::Work {
  std::string run;  // ordinary text not yet encoded
  BpeScratch scratch;
  std::vector<int32_t> ids;
};

Result<std::unique_ptr<const Tokenizer>> Tokenizer::create(Vocabulary&& vocabulary) {
  const Vocabulary source = std::move(vocabulary);
  std::unique_ptr<Tokenizer> out(new Tokenizer);
  SLUICE_TRY(TokenTable table, build_table(source));
  out->kinds_.resize(static_cast<size_t>(table.size()), Kind::ordinary);
  for (const AddedToken& token : source.added) {
    out->kinds_[static_cast<size_t>(token.id)] = token.special ? Kind::special : Kind::added;
  }
  SLUICE_TRY(out->added_, AddedTokens::create(source.added));
  SLUICE_TRY(out->bpe_, Bpe::create(std::move(table), source.merges));
  SLUICE_TRY(out->pretokenizer_, Pretokenizer::create(source.pre));
  out->nfc_ = source.nfc;
  return std::unique_ptr<const Tokenizer>(std::move(out));
}

Result<std::vector<int32_t>> Tokenizer::encode(std::span<const Segment> segments) const {
  size_t size = 0;
  for (const Segment& segment : segments) {
    const size_t valid = utf8_valid_prefix(segment.text);
    if (valid != segment.text.size()) {
      return Error{Code::invalid, fmt::format("text: byte {}: not valid UTF-8", size + valid)};
    }
    size += valid;
  }
  if (size >= max_text)
    return Error{Code::invalid, fmt::format("text: {} bytes; less than {} can be encoded", size, max_text)};
  Work work;
  for (const Segment& segment : segments) SLUICE_TRY_VOID(encode_segment(segment.text, segment.markup, work));
  SLUICE_TRY_VOID(encode_run(work));
  return std::move(work.ids);
}

Result<std::vector<int32_t>> Tokenizer::encode(std::string_view text, bool parse_added_tokens) const {
  const Segment segment{std::string(text), parse_added_tokens};
  return encode({&segment, 1});
}

Status Tokenizer::encode_segment(std::string_view text, bool markup, Work& work) const {
  size_t done = 0;
  while (markup) {
    const auto match = added_.find(text, done);
    if (!match) break;
    work.run += text.substr(done, match->begin - done);
    SLUICE_TRY_VOID(encode_run(work));
    work.ids.push_back(match->id);
    done = match->begin + match->size;
  }
  work.run += text.substr(done);
  return {};
}

Status Tokenizer::encode_run(Work& work) const {
  if (nfc_ && !is_surely_nfc(work.run)) {
    SLUICE_TRY(work.run, to_nfc(work.run));
  }
  Pieces pieces(pretokenizer_, work.run);
  while (true) {
    SLUICE_TRY(const std::string_view piece, pieces.next());
    if (piece.empty()) break;
    bpe_.encode(piece, work.scratch, work.ids);
  }
  work.run.clear();
  return {};
}

std::optional<int32_t> Tokenizer::id_of(std::string_view token_text) const {
  if (const auto id = added_.id_of(token_text)) return id;
  const int32_t id = bpe_.tokens().find(token_text);
  if (id == TokenTable::absent) return std::nullopt;
  return id;
}

}  // namespace sluice::text

#include "runtime/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "store/atomic_file.h"

namespace sluice::runtime {
namespace {

constexpr std::array<std::string_view, 3> kTracks = {"compute", "reads", "waits"};
constexpr size_t kMostRows = 64;  // beside each other, a track; more overlap there

// Complete events of one thread must nest, so spans that are under way together are spread over threads of one name.
class Rows {
 public:
  size_t row_for(uint64_t begin, uint64_t end) {
    size_t row = 0;
    while (row < free_from_.size() && free_from_[row] > begin && row + 1 < kMostRows) ++row;
    if (row == free_from_.size()) free_from_.push_back(0);
    free_from_[row] = std::max(free_from_[row], end);
    return row;
  }
  size_t count() const { return free_from_.size(); }

 private:
  std::vector<uint64_t> free_from_;
};

size_t track_of(const Span& span) {
  return std::min<size_t>(span.track, kTracks.size() - 1);
}

size_t thread_id(size_t track, size_t row) {
  return track * kMostRows + row + 1;
}

// Names are literals of ours, but a quote in one must not break the file.
std::string escaped(const char* name) {
  std::string out;
  for (const char* c = name == nullptr ? "?" : name; *c != 0; ++c) {
    if (*c == '"' || *c == '\\') out += '\\';
    out += static_cast<unsigned char>(*c) < 0x20 ? ' ' : *c;
  }
  return out;
}

void append_event(const Span& span, size_t thread, uint64_t origin, std::string& out) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"name":"{}","ph":"X","pid":1,"tid":{},"ts":{:.3f},"dur":{:.3f},"args":{{)",
                 escaped(span.name), thread, static_cast<double>(span.begin_ns - origin) / 1e3,
                 static_cast<double>(span.end_ns - span.begin_ns) / 1e3);
  if (span.layer >= 0) fmt::format_to(to, R"("layer":{})", span.layer);
  if (span.item >= 0) fmt::format_to(to, R"({}"item":{})", span.layer >= 0 ? "," : "", span.item);
  out += "}},\n";
}

void append_thread_names(size_t track, size_t rows, std::string& out) {
  for (size_t row = 0; row < std::max<size_t>(rows, 1); ++row) {
    fmt::format_to(std::back_inserter(out),
                   R"({{"name":"thread_name","ph":"M","pid":1,"tid":{0},"args":{{"name":"{1}"}}}},)"
                   "\n"
                   R"({{"name":"thread_sort_index","ph":"M","pid":1,"tid":{0},"args":{{"sort_index":{0}}}}},)"
                   "\n",
                   thread_id(track, row), kTracks[track]);
  }
}

}  // namespace

std::string trace_json(const Trace& trace) {
  std::vector<Span> spans;
  spans.reserve(trace.size());
  for (size_t i = 0; i < trace.size(); ++i) {
    if (trace[i].end_ns >= trace[i].begin_ns) spans.push_back(trace[i]);
  }
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin_ns < b.begin_ns; });
  std::string out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  std::array<Rows, kTracks.size()> rows;
  for (const Span& span : spans) {
    const size_t track = track_of(span);
    const size_t row = rows[track].row_for(span.begin_ns, span.end_ns);
    append_event(span, thread_id(track, row), spans.front().begin_ns, out);
  }
  for (size_t track = 0; track < kTracks.size(); ++track) append_thread_names(track, rows[track].count(), out);
  out += R"({"name":"process_name","ph":"M","pid":1,"args":{"name":"sluice"}})";
  return out + fmt::format("\n],\"otherData\":{{\"spans\":\"{}\",\"lost\":\"{}\"}}}}\n", spans.size(), trace.lost());
}

Status write_trace_file(const Trace& trace, const std::string& path) {
  const std::string text = trace_json(trace);
  SLUICE_TRY(store::AtomicFile file, store::AtomicFile::create(path, text.size()));
  SLUICE_TRY_VOID(file.write(0, std::as_bytes(std::span(text))));
  return file.finish();
}

}  // namespace sluice::runtime

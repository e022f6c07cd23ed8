#include "runtime/trace_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <map>

#include "io/file.h"
#include "support/temp_folder.h"
#include "text/value.h"

namespace sluice::runtime {
namespace {

using text::Value;

Value parsed(const std::string& json) {
  auto value = text::parse_json(json);
  EXPECT_TRUE(value.ok()) << json;
  return value.ok() ? *value : Value::map({{"traceEvents", Value::list()}});
}

std::vector<Value> events(const std::string& json, std::string_view phase) {
  std::vector<Value> out;
  const Value file = parsed(json);
  for (const Value& event : file.find("traceEvents")->as_list().items) {
    if (event.find("ph")->as_text().bytes() == phase) out.push_back(event);
  }
  return out;
}

TEST(TraceFile, AnEmptyTraceIsStillOne) {
  EXPECT_TRUE(events(trace_json(Trace()), "X").empty());
}

TEST(TraceFile, HasEverySpanWithItsTimes) {
  Trace trace(8);
  trace.record("attention", 3, -1, TraceTrack::compute, 1'000'000, 1'002'500);
  trace.record("read \"it\"", 3, 17, TraceTrack::reads, 1'001'000, 1'009'000);
  trace.record("clock went back", 0, 0, TraceTrack::waits, 9, 8);
  const auto spans = events(trace_json(trace), "X");
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].find("name")->as_text().bytes(), "attention");
  EXPECT_EQ(spans[0].find("ts")->as_real(), 0);
  EXPECT_DOUBLE_EQ(spans[0].find("dur")->as_real(), 2.5);
  EXPECT_EQ(spans[0].find("args")->find("item"), nullptr);
  EXPECT_EQ(spans[1].find("name")->as_text().bytes(), "read \"it\"");
  EXPECT_DOUBLE_EQ(spans[1].find("ts")->as_real(), 1);
  EXPECT_EQ(spans[1].find("args")->find("item")->as_integer(), 17);
  EXPECT_NE(spans[0].find("tid")->as_integer(), spans[1].find("tid")->as_integer());
}

// In a thread of the file no two spans overlap.
TEST(TraceFile, ConcurrentReadsLieBesideEachOther) {
  Trace trace(100);
  for (int32_t i = 0; i < 100; ++i) {
    const auto begin = static_cast<uint64_t>(i) * 100;
    trace.record("read", 0, i, TraceTrack::reads, begin, begin + 250 + 40 * static_cast<uint64_t>(i % 7));
  }
  std::map<int64_t, double> until;
  for (const Value& span : events(trace_json(trace), "X")) {
    double& end = until[span.find("tid")->as_integer()];
    EXPECT_GE(span.find("ts")->as_real(), end);
    end = span.find("ts")->as_real() + span.find("dur")->as_real();
  }
  EXPECT_GE(until.size(), 3u);
  EXPECT_LE(until.size(), 8u);
}

TEST(TraceFile, IsReplacedWholeOrNotAtAll) {
  const testing::TempFolder folder;
  const std::string path = folder.file("trace.json", "something else, and longer than nothing");
  Trace trace(1);
  trace.record("head", -1, -1, TraceTrack::compute, 5, 6);
  ASSERT_TRUE(write_trace_file(trace, path).ok());
  const auto text = io::read_text(path, 1 << 20);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, trace_json(trace));
  EXPECT_FALSE(write_trace_file(trace, folder / "nowhere/trace.json").ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace sluice::runtime

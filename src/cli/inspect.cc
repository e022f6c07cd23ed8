// sluice inspect: what a model is made of, without reading its weights.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "sluice/model_info.h"

namespace sluice::cli {
namespace {

std::optional<int> parse(const Args& args, ModelOptions& o) {
  Arguments a("inspect [OPTIONS]", "Shows what a model is made of and how much memory it takes. Reads no weights.");
  a.group("Model (defaults in brackets)");
  add_model(a, o);
  add_shape(a, o);
  return a.parse(args);
}

std::string bytes(uint64_t count) {
  return show_bytes(static_cast<double>(count));
}

// 12,345,678
std::string grouped(int64_t number) {
  std::string out = std::to_string(number);
  for (size_t at = out.size(); at > 3;) out.insert(at -= 3, ",");
  return out;
}

std::string fact(std::string_view name, std::string_view value) {
  return fmt::format("  {:<18}{}\n", name, value);
}

std::string shape(const ModelInfo& i) {
  std::string out = i.path + "\n";
  out += fact("family", i.family);
  out += fact("container",
              fmt::format("{}, {} file{}, {}", i.container, i.files, i.files == 1 ? "" : "s", bytes(i.file_bytes)));
  std::string kinds = fmt::format("{} attention", i.attention_layers);
  if (i.recurrent_layers > 0) kinds += fmt::format(", {} delta net", i.recurrent_layers);
  out += fact("layers", fmt::format("{} ({})", i.layers, kinds));
  const bool lossy = i.top_k != i.trained_top_k;
  out += fact("experts",
              fmt::format("{} a layer, {} per token{}, width {}", i.experts, i.top_k,
                          lossy ? fmt::format(" (lossy: trained with {})", i.trained_top_k) : "", i.expert_width));
  out += fact("shared expert", i.shared_width > 0 ? fmt::format("width {}", i.shared_width) : "none");
  out += fact("hidden width", grouped(i.hidden));
  out += fact("vocabulary", grouped(i.vocab));
  out += fact("context", fmt::format("{} positions", grouped(i.context)));
  for (const std::string& skipped : i.skipped) out += fact("skipped", skipped);
  return out;
}

using Row = std::array<std::string, 6>;

std::string table(const ModelInfo& i) {
  std::vector<Row> rows = {{"tensors", "count", "elements", "bytes", "bits", "formats"}};
  for (const auto& c : i.classes) {
    rows.push_back(
        {c.name, grouped(c.tensors), grouped(c.elements), bytes(c.bytes), fmt::format("{:.2f}", c.bits()), c.formats});
  }
  std::array<size_t, 6> width{};
  for (const Row& row : rows) {
    for (size_t column = 0; column < row.size(); ++column) width[column] = std::max(width[column], row[column].size());
  }
  std::string out;
  for (const Row& row : rows) {
    out += fmt::format("  {:<{}}", row[0], width[0]);
    for (size_t column = 1; column < 5; ++column) out += fmt::format("  {:>{}}", row[column], width[column]);
    out += fmt::format("  {}\n", row[5]);
  }
  return out;
}

std::string memory(const ModelInfo& i, int64_t context) {
  std::string out = fact("trunk", bytes(i.trunk_bytes) + ", always in memory");
  out += fact("all experts", bytes(i.expert_bytes) + ", on the SSD");
  out += fact("one expert", bytes(i.record_bytes));
  out += fact("experts a token", bytes(i.expert_bytes_per_token));
  out += fact("state", fmt::format("{} for a session of {} positions, keys and values in {}", bytes(i.state_bytes),
                                   grouped(context), i.kv));
  out +=
      fact("floor", fmt::format("{} ({} bytes): the least --memory that works", bytes(i.floor_bytes), i.floor_bytes));
  out += fact("full", fmt::format("{}: every expert in memory", bytes(i.full_bytes)));
  return out;
}

}  // namespace

int inspect_command(const Args& args) {
  ModelOptions o;
  if (const auto code = parse(args, o)) return *code;
  if (Status chosen = choose_model(o.engine); !chosen.ok()) return failed(chosen.error());
  const auto info = inspect(o.engine);
  if (!info.ok()) return refused(info.error());
  const int64_t context = o.engine.context > 0 ? o.engine.context : std::min<int64_t>(info->context, 8192);
  const Status printed =
      o.json ? print_line(text::to_json(model_value(*info, context)))
             : print_text(fmt::format("{}\n{}\n{}", shape(*info), table(*info), memory(*info, context)));
  return printed.ok() ? kGood : failed(printed.error());
}

}  // namespace sluice::cli

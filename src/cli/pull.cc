// sluice pull: a model from the hub into the folder of pulled ones.
#include "hub/pull.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/models_folder.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/transfer_rate.h"
#include "text/quote.h"

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Request {
  hub::PullOptions pull;
  std::string name, out;
};

std::optional<int> parse(const Args& args, Request& o) {
  Arguments a(
      "pull OWNER/REPOSITORY[:TAG] [OPTIONS]",
      "Fetches a model from the Hugging Face hub: the GGUF that the tag names (all parts of a split one), or the "
      "safetensors of a repository with their configuration and tokenizer.");
  a.group("What and where (defaults in brackets)");
  a.positional("NAME", text(o.name), "as unsloth/Qwen3.5-397B-A17B-GGUF:Q4_K_XL");
  a.option("--revision", "REV", text(o.pull.revision), "a branch, tag or commit (main)");
  a.option("--out", "DIR", text(o.out), fmt::format("({})", models_folder()));
  a.group("How");
  a.option("--connections", "N", integer(o.pull.connections, 1, 32), "pieces fetched at once (4)");
  a.option("--range", "SIZE", size(o.pull.range_bytes), "bytes of a piece (32M)");
  a.option("--retries", "N", integer(o.pull.retries, 0, 100),
           "times to ask again, waiting longer each time, when nothing comes (5)");
  a.remark(
      "The same command goes on where it was stopped. Environment: HF_TOKEN for private and gated repositories, "
      "HF_ENDPOINT "
      "for another hub, https_proxy and no_proxy for proxies.");
  a.remark(
      "example: sluice pull unsloth/Qwen3.5-397B-A17B-GGUF:Q4_K_XL\n"
      "         sluice run -m unsloth/Qwen3.5-397B-A17B-GGUF:Q4_K_XL \"Hello\"");
  return a.parse(args);
}

// What the environment says of the hub. Errors: invalid.
Status choose_hub(hub::Access& access) {
  access.agent = fmt::format("sluice/{}", SLUICE_VERSION);
  access.endpoint = environment_variable("HF_ENDPOINT");
  if (access.endpoint.empty()) access.endpoint = "https://huggingface.co";
  while (access.endpoint.ends_with('/')) access.endpoint.pop_back();
  access.token = environment_variable("HF_TOKEN");
  for (const char c : access.token) {
    if (c <= ' ' || c == 0x7f) return Error{Code::invalid, "HF_TOKEN: a token has no spaces or control characters"};
  }
  return {};
}

struct Place {
  std::string folder, open;  // open: what -m takes
};

Result<Place> place_of(const Request& o, const hub::ModelName& name) {
  if (!o.out.empty()) return Place{o.out, ""};
  const std::string folder = models_folder();
  if (folder.empty()) return Error{Code::invalid, "neither HOME nor XDG_DATA_HOME is set: name a folder with --out"};
  return Place{(std::filesystem::path(folder) / name.owner / name.repo).string(), name.shown()};
}

Result<hub::PullReport> fetch(Request& o, const hub::ModelName& name, const std::vector<hub::RemoteFile>& files,
                              const std::string& folder) {
  ProgressLine line;
  TransferRate rate;
  o.pull.progress = [&](const hub::PullProgress& now) {
    line.show(now.doing == "fetching" ? rate.line(now.done, now.total, now.fetched)
                                      : fmt::format("checking {} of {}", show_bytes(static_cast<double>(now.done)),
                                                    show_bytes(static_cast<double>(now.total))));
  };
  return hub::fetch(o.pull, name, files, folder);
}

Status pull(Request& o, const hub::ModelName& name) {
  SLUICE_TRY_VOID(choose_hub(o.pull.access));
  SLUICE_TRY(const Place place, place_of(o, name));
  o.pull.access.cancel = watch_interrupts();
  SLUICE_TRY(const auto listed, hub::list_repository(o.pull, name));
  SLUICE_TRY(const auto files, hub::choose_files(listed, name));
  uint64_t bytes = 0;
  for (const hub::RemoteFile& file : files) bytes += file.size;
  note(fmt::format("{}: {} {}, {}, into {}", name.shown(), files.size(), files.size() == 1 ? "file" : "files",
                   show_bytes(static_cast<double>(bytes)), place.folder));
  const auto start = Clock::now();
  SLUICE_TRY(const hub::PullReport report, fetch(o, name, files, place.folder));
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const auto fetched = static_cast<double>(report.fetched);
  note(fmt::format("{}: whole and checked; {} fetched in {:.1f} s ({}/s){}", name.shown(), show_bytes(fetched), seconds,
                   show_bytes(fetched / seconds), place.open.empty() ? "" : "; run it with -m " + place.open));
  return {};
}

}  // namespace

int pull_command(const Args& args) {
  Request o;
  if (const auto code = parse(args, o)) return *code;
  if (o.name.empty()) return wrong_usage("what to pull is missing (see sluice pull --help)");
  const auto name = hub::parse_name(o.name);
  if (!name)
    return wrong_usage(fmt::format("{} is no OWNER/REPOSITORY or OWNER/REPOSITORY:TAG", text::quote_text(o.name)));
  const Status pulled = pull(o, *name);
  return pulled.ok() ? kGood : refused(pulled.error());
}

}  // namespace sluice::cli

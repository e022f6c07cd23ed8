// The program: finds the subcommand. Generated text goes to standard output, everything else to standard error.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iterator>

#include "cli/commands.h"
#include "cli/report.h"
#include "text/quote.h"

namespace sluice::cli {
namespace {

constexpr Command kCommands[] = {
    {"run", "answer a prompt", run_command},
    {"chat", "talk with a model", chat_command},
    {"serve", "answer over HTTP, as OpenAI's and Anthropic's clients ask", serve_command},
    {"pull", "fetch a model from the Hugging Face hub", pull_command},
    {"list", "the models that were pulled", list_command},
    {"rm", "remove a pulled model", rm_command},
    {"inspect", "what a model is made of and how much memory it takes", inspect_command},
    {"tokenize", "text to token ids and back", tokenize_command},
    {"logits", "write the logits after every token of a file", logits_command},
    {"eval", "measure how well a model answers", eval_command},
    {"synth", "write a model of a true shape with random weights", synth_command},
    {"pack", "one aligned, checksummed record an expert: a miss becomes one read", pack_command},
    {"doctor", "measure this machine and its drive", doctor_command},
    {"plan", "predict how fast a model runs, here or on another machine", plan_command},
    {"bench", "measure how fast a model runs here", bench_command},
};

void print_help(std::FILE* to) {
  fmt::print(to,
             "sluice {}: runs mixture-of-experts language models larger than memory, reading experts from the SSD.\n\n"
             "usage: sluice SUBCOMMAND [OPTIONS]\n\n",
             SLUICE_VERSION);
  for (const Command& c : kCommands) fmt::print(to, "  {:<10}{}\n", c.name, c.help);
  fmt::print(
      to,
      "\nexamples: sluice run \"Tell me a story about a fox.\"\n"
      "          sluice run -m model.gguf --memory 8G \"Hello\"\n"
      "          sluice inspect -m model.gguf\n\n"
      "sluice SUBCOMMAND --help lists its options; sluice --version prints the version.\n"
      "MODEL is a .gguf (of a split one, the first part), a folder of safetensors, a pack, or the name of a pulled model;\n"
      "without -m it is the demo model.\n"
      "Exit codes: 0 good, 1 failed, 2 wrong usage.\n");
}

int dispatch(int argc, char** argv) {
  if (argc < 2) {
    print_help(stderr);
    return kWrongUsage;
  }
  const std::string_view name = argv[1];
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(stdout);
    return kGood;
  }
  if (name == "--version") {
    fmt::print("sluice {}\n", SLUICE_VERSION);
    return kGood;
  }
  const auto* command =
      std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Command& c) { return c.name == name; });
  if (command != std::end(kCommands)) return command->run(Args(argv + 2, argv + argc));
  const bool option = name.starts_with("-");
  return wrong_usage(option ? fmt::format("unknown option {}: a subcommand comes first (see sluice --help)", name)
                            : fmt::format("unknown subcommand {} (see sluice --help)", text::quote_text(name)));
}

}  // namespace
}  // namespace sluice::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // a reader that closes early (| head) ends us quietly, whatever the parent set
  try {
    return sluice::cli::dispatch(argc, argv);
  } catch (const std::bad_alloc&) {
    return sluice::cli::failed({sluice::Code::over_budget, "out of memory"});
  } catch (const std::exception& error) {
    return sluice::cli::failed({sluice::Code::io, error.what()});
  }
}

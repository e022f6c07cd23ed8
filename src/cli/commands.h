// The subcommands: one file each, one row each in main.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

using Args = std::vector<std::string>;  // what follows the subcommand's name

struct Command {
  std::string_view name;
  std::string_view help;         // one line
  int (*run)(const Args& args);  // returns the exit code
};

int run_command(const Args& args);
int logits_command(const Args& args);
int tokenize_command(const Args& args);
int inspect_command(const Args& args);
int eval_command(const Args& args);
int synth_command(const Args& args);
int pack_command(const Args& args);
int doctor_command(const Args& args);
int bench_command(const Args& args);
int plan_command(const Args& args);
int serve_command(const Args& args);
int pull_command(const Args& args);
int list_command(const Args& args);
int rm_command(const Args& args);
int chat_command(const Args& args);

}  // namespace sluice::cli

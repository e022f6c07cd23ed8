// The command line of one subcommand: options in groups, a help page, and errors that say what to do.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/values.h"

namespace sluice::cli {

class Arguments {
 public:
  // `usage` follows "sluice " in the first line of the help; its first word is the subcommand.
  Arguments(std::string usage, std::string about);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  // Heads what is added next on the help page.
  void group(std::string title);

  // `names`: "-m,--model". `value`: what stands for the value in the help, "SIZE".
  void flag(const std::string& names, bool& out, std::string help);
  void option(const std::string& names, std::string value, Take take, std::string help);
  void repeatable(const std::string& names, std::string value, Take take, std::string help);
  void positional(const std::string& name, Take take, std::string help);

  // None of `others` may be given together with `name`.
  void excludes(const std::string& name, const std::vector<std::string>& others);

  // A paragraph at the end of the help page.
  void remark(std::string text);

  // Nothing: go on. Else the exit code: the help was printed on stdout, or an error on stderr.
  std::optional<int> parse(const Args& args);

 private:
  struct Parts;
  void add(const std::string& names, std::string value, Take take, std::string help, bool repeats);
  std::optional<std::string> problem(const Args& args, bool& wants_help);  // what is wrong with the arguments
  void print_help() const;

  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::cli

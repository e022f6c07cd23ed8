// The one place that knows CLI11.
#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/report.h"
#include "text/quote.h"

namespace sluice::cli {

struct Arguments::Parts {
  struct Line {
    std::string left, help;  // help empty: a group's title
  };
  CLI::App app;
  std::string usage, about;
  std::vector<Line> lines;
  std::vector<std::string> remarks;
};

Arguments::Arguments(std::string usage, std::string about) : parts_(std::make_unique<Parts>()) {
  parts_->usage = std::move(usage);
  parts_->about = std::move(about);
  parts_->app.set_help_flag("-h,--help", "");
}

Arguments::~Arguments() = default;

void Arguments::group(std::string title) {
  parts_->lines.push_back({std::move(title), ""});
}
void Arguments::remark(std::string text) {
  parts_->remarks.push_back(std::move(text));
}

void Arguments::flag(const std::string& names, bool& out, std::string help) {
  parts_->app.add_flag(names, out);
  parts_->lines.push_back({names, std::move(help)});
}

void Arguments::add(const std::string& names, std::string value, Take take, std::string help, bool repeats) {
  CLI::callback_t callback = [names, take = std::move(take)](const CLI::results_t& values) {
    for (const std::string& one : values) {
      const auto wrong = take(one);
      if (wrong) throw CLI::ValidationError(fmt::format("{} {}: {}", names, text::quote_text(one), *wrong));
    }
    return true;
  };
  CLI::Option* option = parts_->app.add_option(names, std::move(callback));
  option->allow_extra_args(false);
  if (repeats) option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  parts_->lines.push_back({value.empty() ? names : names + " " + value, std::move(help)});
}

void Arguments::option(const std::string& names, std::string value, Take take, std::string help) {
  add(names, std::move(value), std::move(take), std::move(help), false);
}

void Arguments::repeatable(const std::string& names, std::string value, Take take, std::string help) {
  add(names, std::move(value), std::move(take), std::move(help), true);
}

void Arguments::positional(const std::string& name, Take take, std::string help) {
  add(name, "", std::move(take), std::move(help), false);
}

void Arguments::excludes(const std::string& name, const std::vector<std::string>& others) {
  for (const std::string& other : others) parts_->app.get_option(name)->excludes(parts_->app.get_option(other));
}

std::optional<std::string> Arguments::problem(const Args& args, bool& wants_help) {
  CLI::App& app = parts_->app;
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));
  } catch (const CLI::CallForHelp&) {
    wants_help = true;
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extra = app.remaining();
    const std::string first = extra.empty() ? "" : extra.front();
    const bool option = first.size() > 1 && first[0] == '-';
    return option ? fmt::format("unknown option {}", first)
                  : fmt::format("unexpected argument {}; text of several words needs quotes", text::quote_text(first));
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return std::nullopt;
}

std::optional<int> Arguments::parse(const Args& args) {
  bool wants_help = false;
  const auto wrong = problem(args, wants_help);
  if (wants_help) {
    print_help();
    return kGood;
  }
  if (!wrong) return std::nullopt;
  const std::string command = parts_->usage.substr(0, parts_->usage.find(' '));
  return wrong_usage(fmt::format("{} (see sluice {} --help)", *wrong, command));
}

void Arguments::print_help() const {
  const Parts& p = *parts_;
  fmt::print("usage: sluice {}\n\n{}\n", p.usage, p.about);
  size_t width = 0;
  for (const auto& line : p.lines) width = std::max(width, line.help.empty() ? 0 : line.left.size());
  for (const auto& line : p.lines) {
    if (line.help.empty()) {
      fmt::print("\n{}\n", line.left);
    } else {
      fmt::print("  {:<{}}  {}\n", line.left, width, line.help);
    }
  }
  for (const auto& text : p.remarks) fmt::print("\n{}\n", text);
}

}  // namespace sluice::cli

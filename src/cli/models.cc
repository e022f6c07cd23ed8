// sluice list and sluice rm: the pulled models.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/json_output.h"
#include "cli/models_folder.h"
#include "cli/output.h"
#include "cli/report.h"
#include "hub/local.h"
#include "text/quote.h"

namespace sluice::cli {
namespace {

std::string date(std::time_t time, const char* form) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, form, &parts));
}

std::string size_of(const hub::LocalModel& model) {
  return show_bytes(static_cast<double>(model.bytes));
}

std::string as_table(const std::vector<hub::LocalModel>& models) {
  size_t widest = 4;
  for (const auto& model : models) widest = std::max(widest, model.name.shown().size());
  std::string out = fmt::format("{:<{}}  {:>8}  {:>5}  {}", "name", widest, "size", "files", "date");
  for (const auto& model : models) {
    out += fmt::format("\n{:<{}}  {:>8}  {:>5}  {}{}", model.name.shown(), widest, size_of(model), model.files.size(),
                       date(model.changed, "%Y-%m-%d %H:%M"), model.finished ? "" : "  unfinished: pull it again");
  }
  return out;
}

std::string as_json(const std::vector<hub::LocalModel>& models) {
  text::Value list = text::Value::list();
  for (const auto& model : models) {
    text::Value value = text::Value::map({});
    value.set("name", string_value(model.name.shown()));
    value.set("path", string_value(model.path));
    value.set("bytes", size_value(model.bytes));
    value.set("files", size_value(model.files.size()));
    value.set("date", string_value(date(model.changed, "%Y-%m-%dT%H:%M:%S%z")));
    value.set("finished", text::Value::boolean(model.finished));
    list.push(std::move(value));
  }
  return text::to_json(text::Value::map({{"models", list}}));
}

bool confirmed(const hub::LocalModel& model) {
  fmt::print(stderr, "sluice: remove {}, {} in {} files? [y/N] ", model.name.shown(), size_of(model),
             model.files.size());
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

int remove(const std::string& folder, const hub::LocalModel& model) {
  if (const Status removed = hub::remove_local(folder, model); !removed.ok()) return failed(removed.error());
  note(fmt::format("removed {}, {} in {} files", model.name.shown(), size_of(model), model.files.size()));
  return kGood;
}

}  // namespace

int list_command(const Args& args) {
  bool json = false;
  Arguments a("list [OPTIONS]", fmt::format("The models that sluice pull has put into {}.", models_folder()));
  a.flag("--json", json, "print one JSON object on standard output instead");
  if (const auto code = a.parse(args)) return *code;
  const auto models = hub::local_models(models_folder());
  if (models.empty() && !json) {
    note("no models here; sluice pull fetches one");
    return kGood;
  }
  const Status printed = print_line(json ? as_json(models) : as_table(models));
  return printed.ok() ? kGood : failed(printed.error());
}

int rm_command(const Args& args) {
  std::string given;
  bool yes = false;
  Arguments a("rm OWNER/REPOSITORY[:TAG] [OPTIONS]", "Removes a model that sluice pull fetched, finished or not.");
  a.positional("NAME", text(given), "as sluice list shows it");
  a.flag("--yes", yes, "do not ask");
  if (const auto code = a.parse(args)) return *code;
  const auto name = hub::parse_name(given);
  if (!name)
    return wrong_usage(fmt::format("{} is no OWNER/REPOSITORY or OWNER/REPOSITORY:TAG", text::quote_text(given)));
  const auto model = hub::find_local(models_folder(), *name);
  if (!model.ok()) return refused(model.error());
  if (!yes && !stdin_is_terminal())
    return wrong_usage(fmt::format("{} is removed without asking only with --yes", model->name.shown()));
  if (!yes && !confirmed(*model)) {
    note("nothing removed");
    return kFailed;
  }
  return remove(models_folder(), *model);
}

}  // namespace sluice::cli

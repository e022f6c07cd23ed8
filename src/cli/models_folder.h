// Where pulled models lie, and how -m names one of them.
#pragma once

#include <string>

#include "sluice/status.h"

namespace sluice::cli {

// $XDG_DATA_HOME/sluice/models, else ~/.local/share/sluice/models; "" when the environment names neither.
std::string models_folder();

// `model` itself where it is a path; where nothing has that path and it reads OWNER/REPOSITORY[:TAG], the pulled model
// of that name. Errors: not_found (not pulled or not finished: says how), invalid (several fit).
Result<std::string> model_path(const std::string& model);

}  // namespace sluice::cli

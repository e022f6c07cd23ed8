// What the system remembers of a model's files.
#pragma once

#include <string>

#include "sluice/status.h"

namespace sluice::cli {

// Asks the system to forget the pages of every file of the model, so that reads go to the drive. Errors: those of
// opening the model; io; unsupported (the system has no such call).
Status drop_page_cache(const std::string& model);

}  // namespace sluice::cli

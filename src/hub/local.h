// The models that lie in the folder of pulled ones: FOLDER/OWNER/REPOSITORY/PATH, as the hub has them.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "hub/name.h"
#include "sluice/status.h"

namespace sluice::hub {

struct LocalModel {
  ModelName name;
  std::string path;                // what is to be opened: the first part of a GGUF, or the folder of safetensors
  std::vector<std::string> files;  // with their partial names and journals
  uint64_t bytes = 0;              // on the disk
  std::time_t changed = 0;
  bool finished = true;  // no file of it still has its partial name
};

// In the order of their names. A folder that is not there has none.
std::vector<LocalModel> local_models(const std::string& folder);

// Finished or not. Errors: not_found, saying how to pull it, and as choose.
Result<LocalModel> find_local(const std::string& folder, const ModelName& name);

// Takes away its files and the folders that are empty then. Errors: io.
Status remove_local(const std::string& folder, const LocalModel& model);

}  // namespace sluice::hub

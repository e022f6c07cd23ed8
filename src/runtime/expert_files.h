// The files that experts are read from, opened the way they shall be read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/drives.h"
#include "io/file.h"
#include "model/plan.h"
#include "store/model_files.h"

namespace sluice::runtime {

struct ExpertFiles {
  std::vector<std::unique_ptr<io::File>> own;    // opened for this
  std::vector<const io::File*> files;            // as ModelFiles::files; borrowed from there where they serve as they are
  std::vector<std::vector<int32_t>> copies;      // [file] all that hold the same bytes, itself first
  bool several = false;                          // some file has a copy
  uint64_t alignment = 1;                        // the largest of them
  io::Mode mode = io::Mode::buffered;
};

// `io`: "auto" (direct where the system has it for every file, else buffered), "direct", "buffered". `files` must
// outlive the result. Errors: invalid (another word), unsupported (direct, but a file's system has none), io.
// Which drive each file lies on.
io::Drives drives_of(const ExpertFiles& files);

Result<ExpertFiles> open_expert_files(const store::ModelFiles& files, const model::Plan& plan, const std::string& io);

}  // namespace sluice::runtime

// A matrix of float32 as a NumPy file. It appears under its name whole or not at all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sluice/status.h"

namespace sluice::cli {

class NpyWriter {
 public:
  // Starts a file beside `path` under another name. Errors: io; invalid when `path` is there and not a regular file.
  static Result<NpyWriter> create(const std::string& path, uint64_t rows, uint64_t columns);

  NpyWriter(NpyWriter&& other) noexcept;
  NpyWriter& operator=(NpyWriter&&) = delete;
  ~NpyWriter();  // takes the file away again unless finish succeeded

  // REQUIRES: row.size() == columns.
  Status add(std::span<const float> row);

  // Makes it durable and gives it its name. REQUIRES: all rows were added.
  Status finish();

 private:
  NpyWriter() = default;
  Status flush();
  Error failed(const char* what) const;

  std::string path_, partial_;
  int fd_ = -1;
  uint64_t columns_ = 0, rows_left_ = 0;
  std::vector<char> buffer_;
};

}  // namespace sluice::cli

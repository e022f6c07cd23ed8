#include "io/request.h"

#include <fmt/format.h>

#include <string>
#include <system_error>

#include "base/check.h"
#include "io/file.h"

namespace sluice::io {

Status status(const Request& request, const Completion& completion) {
  if (completion.ok()) return {};
  return describe(request, completion);
}

Error describe(const Request& request, const Completion& completion) {
  SLUICE_CHECK(!completion.ok());
  const std::string& path = request.file->path();
  if (completion.outcome == Outcome::end_of_file) {
    return Error{Code::io, fmt::format("{}: offset {}: short read, {} of {} bytes; the file shrank or is incomplete",
                                       path, request.offset, completion.bytes_done, request.bytes)};
  }
  const std::string after = completion.bytes_done == 0 ? "" : fmt::format(" after {} bytes", completion.bytes_done);
  return Error{Code::io, fmt::format("{}: read of {} bytes at offset {} failed{}: {}", path, request.bytes,
                                     request.offset, after, std::generic_category().message(completion.error))};
}

}  // namespace sluice::io

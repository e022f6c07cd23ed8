#include "cli/page_cache.h"

#include <fcntl.h>

#include <cstring>

#include "store/model_files.h"

namespace sluice::cli {

Status drop_page_cache(const std::string& model) {
#ifdef POSIX_FADV_DONTNEED
  SLUICE_TRY(const store::ModelFiles files, store::open_model(model));
  for (const io::File& file : files.files) {
    const int error = ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
    if (error != 0) return Error{Code::io, file.path() + ": cannot drop its pages: " + strerror(error)};
  }
  return {};
#else
  return Error{Code::unsupported, model + ": this system cannot be asked to drop its pages"};
#endif
}

}  // namespace sluice::cli

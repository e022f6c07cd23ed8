#include "io/backend.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "io/pread_pool.h"
#ifdef SLUICE_HAVE_URING
#include "io/uring.h"
#endif

namespace sluice::io {

namespace {

constexpr std::array kBackends = {
#ifdef SLUICE_HAVE_URING
    Backend{"uring", make_uring},
#endif
    Backend{"pread", make_pread_pool},
};

}  // namespace

std::span<const Backend> backends() {
  return kBackends;
}

Result<std::unique_ptr<Queue>> make_queue(std::string_view name, const QueueOptions& options) {
  std::string known;
  for (const Backend& backend : kBackends) {
    if (name.empty()) {
      auto queue = backend.make(options);
      if (queue.ok() || queue.error().code != Code::unsupported) return queue;
    } else if (name == backend.name) {
      return backend.make(options);
    }
    known += known.empty() ? "" : ", ";
    known += backend.name;
  }
  if (name.empty()) return Error{Code::unsupported, fmt::format("no io backend runs on this system; tried {}", known)};
  return Error{Code::invalid, fmt::format("no io backend \"{}\": give one of {}", name, known)};
}

}  // namespace sluice::io

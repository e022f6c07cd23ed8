#include "serve/wake.h"

#include <fcntl.h>
#include <unistd.h>

namespace sluice::serve {

Wake::Wake() {
  int ends[2];
  if (::pipe(ends) != 0) return;
  for (const int end : ends) {
    ::fcntl(end, F_SETFL, O_NONBLOCK);
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  read_ = ends[0];
  write_ = ends[1];
}

Wake::~Wake() {
  if (read_ >= 0) ::close(read_);
  if (write_ >= 0) ::close(write_);
}

void Wake::ring() const {
  const char byte = 0;
  // A full pipe rings already.
  if (write_ >= 0 && ::write(write_, &byte, 1) < 0) return;
}

void Wake::quiet() const {
  char bytes[64];
  while (read_ >= 0 && ::read(read_, bytes, sizeof bytes) > 0) {
  }
}

}  // namespace sluice::serve

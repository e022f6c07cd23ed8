// How long to ask again: after a temporary problem, waiting longer each time or as long as the server asks.
#pragma once

#include <atomic>
#include <string>

#include "hub/connection.h"
#include "sluice/status.h"

namespace sluice::hub {

class Retries {
 public:
  Retries(int most, const std::atomic<bool>* cancel) : most_(most), cancel_(cancel) {}

  void progressed() { used_ = 0; }

  // Waits before the next attempt. Errors, naming `what`: cancelled; io: the problem is not temporary, there were
  // enough attempts, or the server asks for more patience than we have.
  Status wait(const Reply& reply, const std::string& what);

 private:
  int most_, used_ = 0;
  const std::atomic<bool>* cancel_;
};

}  // namespace sluice::hub

// Where the engine's thread leaves a picture of its experts for others to see.
#pragma once

#include <chrono>
#include <mutex>
#include <vector>

#include "sluice/engine.h"
#include "sluice/expert_map.h"

namespace sluice::runtime {

class ExpertMapBoard {
 public:
  // Keeps a reference to the engine. Everything is allocated here.
  explicit ExpertMapBoard(Engine& engine);

  // The engine's thread, between tokens: draws the picture anew when the last one is old enough (`now`: in any case). Looks up
  // every expert, 0.1 ms for ten thousand, at most twice a second; waits for nobody but a reader that is copying.
  void publish(bool now = false);
  // Any thread.
  ExpertMap read() const;

 private:
  void draw();

  Engine& engine_;
  ExpertMap next_;                // the engine thread's own
  std::vector<float> counted_;    // uses seen up to the last picture
  std::chrono::steady_clock::time_point drawn_{};
  mutable std::mutex mutex_;      // guards what follows; held while a picture is copied or exchanged
  ExpertMap shown_;
};

}  // namespace sluice::runtime

// A bell that poll(2) can wait for together with a socket.
#pragma once

namespace sluice::serve {

// Thread-safe. A pipe; where none can be had, ok() is false and waiting lasts until its time is over.
class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  bool ok() const { return read_ >= 0; }
  int descriptor() const { return read_; }  // readable once it rang
  void ring() const;                        // never waits
  void quiet() const;                       // takes back what rang so far

 private:
  int read_ = -1, write_ = -1;
};

}  // namespace sluice::serve

#include "serve/own_stack.h"

#include <system_error>

namespace sluice::serve {
namespace {

class Attributes {
 public:
  explicit Attributes(size_t stack_bytes) {
    check(::pthread_attr_init(&value_));
    if (const int error = ::pthread_attr_setstacksize(&value_, stack_bytes); error != 0) {
      ::pthread_attr_destroy(&value_);
      check(error);
    }
  }
  ~Attributes() { ::pthread_attr_destroy(&value_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  const pthread_attr_t* get() const { return &value_; }
  static void check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start a thread");
  }

 private:
  pthread_attr_t value_;
};

}  // namespace

OwnStackThread::OwnStackThread(size_t stack_bytes, std::function<void()> run) : run_(std::move(run)) {
  const Attributes attributes(stack_bytes);
  Attributes::check(::pthread_create(&thread_, attributes.get(), begin, this));
}

OwnStackThread::~OwnStackThread() {
  ::pthread_join(thread_, nullptr);
}

void* OwnStackThread::begin(void* self) {
  static_cast<OwnStackThread*>(self)->run_();
  return nullptr;
}

}  // namespace sluice::serve

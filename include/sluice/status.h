// Errors as values. Rank 0: every layer may include this header (docs/decisions/0001).
//
// A Result<T> holds a T or an Error. An error is one line that names the thing, the place and what to do; each layer
// adds its noun in front with Error::within ("layer 12 expert 305: extent 2 of model.gguf: short read, 4096 of 7077888
// bytes"). Nothing in the library throws on purpose, prints, exits or reads the environment.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace sluice {

enum class Code {
  not_found,    // a file, tensor, name that should exist does not
  corrupt,      // bytes from outside contradict their format
  unsupported,  // valid, but not something we run
  invalid,      // the caller's request makes no sense
  over_budget,  // does not fit the memory given
  io,           // the operating system failed a read or write
  cancelled,    // the caller asked to stop
};

// The code's name as written in JSON and logs, e.g. "over_budget".
std::string_view code_name(Code code);

struct Error {
  Code code;
  std::string message;  // one line, no trailing newline

  // The same error with "noun: " put in front of its message.
  [[nodiscard]] Error within(std::string_view noun) && {
    message.insert(0, ": ");
    message.insert(0, noun);
    return std::move(*this);
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok(). Aborts otherwise: asking a failed result for its value is our own mistake.
  T& value() & { return ok() ? *std::get_if<0>(&v_) : (std::abort(), *std::get_if<0>(&v_)); }
  const T& value() const& { return ok() ? *std::get_if<0>(&v_) : (std::abort(), *std::get_if<0>(&v_)); }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const& { return ok() ? (std::abort(), *std::get_if<1>(&v_)) : *std::get_if<1>(&v_); }
  Error&& error() && { return std::move(const_cast<Error&>(std::as_const(*this).error())); }

 private:
  std::variant<T, Error> v_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : e_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return e_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return ok() ? (std::abort(), *std::get_if<1>(&e_)) : *std::get_if<1>(&e_); }
  Error&& error() && { return std::move(const_cast<Error&>(std::as_const(*this).error())); }

 private:
  std::variant<std::monostate, Error> e_;
};

using Status = Result<void>;

}  // namespace sluice

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

// SLUICE_TRY(auto x, f()): x is f()'s value, or the enclosing function returns f()'s error.
#define SLUICE_TRY(decl, expr)                                        \
  auto SLUICE_CONCAT(result_, __LINE__) = (expr);                     \
  if (!SLUICE_CONCAT(result_, __LINE__).ok())                         \
    return std::move(SLUICE_CONCAT(result_, __LINE__)).error();       \
  decl = std::move(SLUICE_CONCAT(result_, __LINE__)).value()

// SLUICE_TRY_VOID(f()): the same for a Status.
#define SLUICE_TRY_VOID(expr)                                         \
  do {                                                                \
    auto status_ = (expr);                                            \
    if (!status_.ok()) return std::move(status_).error();             \
  } while (false)

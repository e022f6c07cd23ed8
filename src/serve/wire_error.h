// Errors as the clients of each interface know them.
#pragma once

#include <string>

#include "serve/http.h"
#include "sluice/status.h"

namespace sluice::serve {

// Whose shapes a route speaks.
enum class Dialect { openai, anthropic };

struct HttpError {
  int status = 500;
  std::string message;
  std::string code = {};  // "model_not_found"; empty: none
};

// What an Error of the library is over HTTP.
HttpError http_error(const Error& error);

// A message that begins with the name of a field ("tools[0].name: must be ...") also names it as `param`.
std::string error_json(Dialect dialect, const HttpError& error);
HttpResponse wire_error(Dialect dialect, const HttpError& error);

}  // namespace sluice::serve

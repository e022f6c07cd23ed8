// Runs one request in the engine and carries its answer to the client through a writer.
#pragma once

#include <functional>
#include <memory>

#include "serve/answer_writer.h"
#include "serve/requests/generation_request.h"
#include "serve/http.h"
#include "serve/service.h"
#include "serve/wire_error.h"

namespace sluice::serve {

HttpResponse respond(Service& service, GenerationRequest request, Peer& peer, Dialect dialect, std::shared_ptr<AnswerWriter> writer);

}  // namespace sluice::serve

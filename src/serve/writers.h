// The writer of each dialect.
#pragma once

#include <memory>
#include <string>

#include "serve/answer_writer.h"
#include "serve/requests/generation_request.h"
#include "serve/service.h"
#include "text/tokenizer.h"

namespace sluice::serve {

struct Writing {
  const text::Tokenizer* tokenizer = nullptr;  // names the tokens of log probabilities; outlives the writer
  std::string model;                           // as the client calls it
};

inline Writing writing_for(const Service& service, const GenerationRequest& request) {
  return {service.scheduler.engine().tokenizer(), request.model.empty() ? service.model : request.model};
}

// openai_chat.cc, openai_completions.cc, responses.cc, anthropic_messages.cc
std::shared_ptr<AnswerWriter> chat_writer(const Writing& writing, const GenerationRequest& request);
std::shared_ptr<AnswerWriter> completion_writer(const Writing& writing, const GenerationRequest& request);
std::shared_ptr<AnswerWriter> response_writer(const Writing& writing, const GenerationRequest& request);
std::shared_ptr<AnswerWriter> message_writer(const Writing& writing);

}  // namespace sluice::serve

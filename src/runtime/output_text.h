// Turns the tokens of an answer into the text that its caller sees: whole characters, nothing of a stop string, which may
// span tokens. Empty without a tokenizer.
#pragma once

#include <optional>
#include <string>

#include "runtime/engine_parts.h"
#include "runtime/stop_text.h"
#include "text/detokenizer.h"

namespace sluice::runtime {

class OutputText {
 public:
  OutputText(const Engine::Parts& e, const GenerateOptions& o) : stop_(o.stop) {
    if (e.vocabulary.tokenizer != nullptr) {
      detokenizer_.emplace(*e.vocabulary.tokenizer, text::Detokenizer::Options{.skip_special = o.skip_special_tokens});
    }
  }
  std::string push(int32_t token) { return detokenizer_ ? stop_.push(detokenizer_->push(token)) : std::string(); }
  std::string finish() { return detokenizer_ ? stop_.push(detokenizer_->finish()) + stop_.finish() : std::string(); }
  bool stopped() const { return stop_.stopped(); }
  const std::string& stop() const { return stop_.found(); }

 private:
  std::optional<text::Detokenizer> detokenizer_;
  StopText stop_;
};

}  // namespace sluice::runtime

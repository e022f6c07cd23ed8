// Tokens of an answer in, pieces for a writer out: reasoning, content and calls apart, arguments typed by their schemas.
#pragma once

#include "serve/answer.h"
#include "serve/answer_writer.h"
#include "serve/prepare.h"
#include "text/output_stream.h"

namespace sluice::serve {

class Assembly {
 public:
  // Keeps a reference to the request.
  Assembly(const GenerationRequest& request, const Prepared& prepared);

  // REQUIRES: !full().
  Piece push(const TokenEvent& event);
  Piece finish();
  // One call is there and no second one is wanted: what follows is not part of the answer.
  bool full() const { return !request_.parallel_tool_calls && stream_.calls() > 0; }

  Ending ending(const Generation& generation) const;
  Usage usage(int64_t cached) const;

 private:
  Piece piece_of(text::OutputStream::Pieces pieces);

  const GenerationRequest& request_;
  const bool chat_;
  text::OutputStream stream_;
  Usage usage_;
};

}  // namespace sluice::serve

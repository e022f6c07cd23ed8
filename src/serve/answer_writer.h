// How an answer is written down for one kind of client, as a stream of events or whole. respond.cc drives it; one file a
// dialect implements it.
#pragma once

#include <string>
#include <vector>

#include "sluice/options.h"
#include "sluice/status.h"

namespace sluice::serve {

struct Call {
  std::string id, name;
  std::string arguments;  // JSON of an object
};

// What became known with one step; more than one part may be set, and then in this order.
struct Piece {
  std::string reasoning, content;
  std::vector<Call> calls;
  std::vector<TokenChances> chances;  // of the content's tokens, where they were asked for

  bool empty() const { return reasoning.empty() && content.empty() && calls.empty() && chances.empty(); }
};

struct Usage {
  int64_t prompt = 0, cached = 0;          // cached: of the prompt
  int64_t completion = 0, reasoning = 0;   // reasoning: of the completion
};

struct Ending {
  enum class Why { stop, stop_string, length, context, tool_calls };
  Why why = Why::stop;
  std::string stop_string;  // which one
  Usage usage;
};

// One answer. The strings of a stream are written as they are, in order.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  virtual std::string open(const Usage& prompt) = 0;
  virtual std::string piece(const Piece& piece) = 0;
  virtual std::string close(const Ending& ending) = 0;
  virtual std::string failure(const Error& error) = 0;  // in place of close
  virtual std::string ping() { return ": waiting\n\n"; }

  virtual std::string whole(const Piece& all, const Ending& ending) = 0;
};

}  // namespace sluice::serve

// A chat template from a model file: whatever it is, parsing and rendering it must end with text or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/chat_template.h"

using namespace sluice::text;

namespace {

ChatInput conversation() {
  ChatInput input;
  const Value call =
      Value::map({{"id", Value::string("c1")},
                  {"function",
                   Value::map({{"name", Value::string("f")}, {"arguments", Value::map({{"x", Value::integer(1)}})}})}});
  Value answer = chat_message("assistant", "<think>\nhm\n</think>\n\n hello ");
  answer.set("tool_calls", Value::list({call}));
  for (const Value& message : {chat_message("system", "s"), chat_message("user", " h\xc3\xa9 <|im_start|>"), answer,
                               chat_message("tool", "{\"a\": [1]}")}) {
    input.messages.push(message);
  }
  input.tools = Value::list({Value::map({{"type", Value::string("function")}})});
  input.extra = Value::map(
      {{"big", Value::big_integer("123456789012345678901234567890", Origin::content)}, {"f", Value::real(0.1)}});
  input.now = std::tm{};
  input.max_steps = 300'000;  // sanitizers are slow
  return input;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto program = ChatTemplate::parse({reinterpret_cast<const char*>(data), size});
  if (!program.ok()) return 0;
  const auto segments = program->render(conversation());
  size_t bytes = 0;
  if (segments.ok()) {
    for (const Segment& segment : *segments) bytes += segment.text.size();
  }
  return bytes > (size_t{1} << 27) ? 1 : 0;
}

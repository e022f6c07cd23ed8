// A chat template from a model file: whatever it is, parsing and rendering it must end with text or an error, in bounded
// memory.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "text/chat_template.h"

using namespace sluice::text;

// There under AddressSanitizer (sanitizer/allocator_interface.h).
extern "C" {
__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t), void (*on_free)(const volatile void*));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void*);
}

// What a rendering holds at once is seen here: most of it never reaches the output. The budget's 512 MiB of what is made
// become more with the slack of growing vectors and with what an allocator adds to small strings.
namespace {

constexpr size_t kMostHeld = size_t{1} << 30;
size_t held = 0, most_held = 0;

const bool counted = __sanitizer_install_malloc_and_free_hooks != nullptr &&
                     __sanitizer_install_malloc_and_free_hooks(
                         [](const volatile void*, size_t size) {
                           held += size;
                           most_held = std::max(most_held, held);
                         },
                         [](const volatile void* at) { held -= std::min(held, __sanitizer_get_allocated_size(at)); }) != 0;

}  // namespace

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
  most_held = held;
  const size_t before = held;
  const auto program = ChatTemplate::parse({reinterpret_cast<const char*>(data), size});
  if (program.ok()) static_cast<void>(program->render(conversation()));
  if (!counted || most_held - before <= kMostHeld) return 0;
  std::fprintf(stderr, "the template held %zu MiB at once\n", (most_held - before) >> 20);
  std::abort();
}

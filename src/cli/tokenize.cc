// sluice tokenize: text to token ids and back.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/json_output.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "sluice/engine.h"
#include "text/detokenizer.h"
#include "text/tokenizer.h"

namespace sluice::cli {
namespace {

struct TokenizeOptions {
  ModelOptions model;
  std::optional<std::string> text;
  bool special = false, pieces = false, decode = false;
};

std::optional<int> parse(const Args& args, TokenizeOptions& o) {
  Arguments a("tokenize [OPTIONS] [TEXT]",
              "Prints the token ids of a text, or the text of token ids. Reads no weights.");
  a.group("Text");
  a.positional("TEXT", text(o.text), "in quotes; \"-\" or nothing reads standard input");
  a.flag("--special", o.special, "control tokens such as <|im_start|> in the text count");
  a.flag("--decode", o.decode, "TEXT is token ids; print what they stand for");
  a.flag("--pieces", o.pieces, "a line for each token: its id and its bytes");
  a.group("Model");
  add_model(a, o.model);
  a.excludes("--special", {"--decode"});
  return a.parse(args);
}

Result<std::string> read_text(const TokenizeOptions& o) {
  if (o.text && *o.text != "-") return *o.text;
  if (!o.text && stdin_is_terminal()) return Error{Code::invalid, "no text; give it in quotes, or pipe it in"};
  return read_input("-");
}

Result<std::vector<int32_t>> tokens_of(const std::string& words, const text::Tokenizer& tokenizer,
                                       const TokenizeOptions& o) {
  if (!o.decode) {
    SLUICE_TRY_VOID(check_utf8(words, "TEXT"));
    return tokenizer.encode(words, o.special);
  }
  SLUICE_TRY(auto ids, parse_token_ids(words, "TEXT"));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= tokenizer.size()) {
      return Error{Code::corrupt, fmt::format("token {} at position {}: the tokenizer has ids 0 to {}", ids[i], i,
                                              tokenizer.size() - 1)};
    }
  }
  return ids;
}

// Every byte visible, on one line: "\n" is \x0a, a quote \".
std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return out + "\"";
}

std::string json(std::span<const int32_t> ids, const std::string& text, const text::Tokenizer& tokenizer, bool pieces) {
  using text::Value;
  Value out = Value::map({{"tokens", tokens_value(ids)}, {"text", string_value(text)}});
  if (pieces) {
    Value list = Value::list();
    for (const int32_t id : ids) list.push(string_value(quoted(tokenizer.bytes(id))));
    out.set("pieces", list);
  }
  return text::to_json(out);
}

Status print(std::span<const int32_t> ids, const std::string& words, const text::Tokenizer& tokenizer,
             const TokenizeOptions& o) {
  if (o.model.json) return print_line(json(ids, o.decode ? text::decode(tokenizer, ids) : words, tokenizer, o.pieces));
  Output out;
  if (o.pieces) {
    std::string lines;
    for (const int32_t id : ids) lines += fmt::format("{} {}\n", id, quoted(tokenizer.bytes(id)));
    out.write(lines);
  } else {
    out.write(o.decode ? text::decode(tokenizer, ids) : fmt::format("{}\n", fmt::join(ids, " ")));
  }
  return out.finish();
}

}  // namespace

int tokenize_command(const Args& args) {
  TokenizeOptions o;
  if (const auto code = parse(args, o)) return *code;
  const auto words = read_text(o);
  if (!words.ok()) return refused(words.error());
  if (Status chosen = choose_model(o.model.engine); !chosen.ok()) return failed(chosen.error());
  const auto tokenizer = load_tokenizer(o.model.engine.model);
  if (!tokenizer.ok()) return refused(tokenizer.error());
  if (*tokenizer == nullptr) return failed({Code::unsupported, o.model.engine.model + ": this model has no tokenizer"});
  const auto ids = tokens_of(*words, **tokenizer, o);
  if (!ids.ok()) return failed(ids.error());
  const Status printed = print(*ids, *words, **tokenizer, o);
  return printed.ok() ? kGood : failed(printed.error());
}

}  // namespace sluice::cli

// sluice logits: what the model thinks after every token of a file, for comparing with other programs.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/npy.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "sluice/session.h"

namespace sluice::cli {
namespace {

struct LogitsOptions {
  ModelOptions model;
  std::string tokens_file, out;
};

std::optional<int> parse(const Args& args, LogitsOptions& o) {
  Arguments a("logits [OPTIONS] --tokens FILE --out FILE.npy",
              "Writes the logits after every token as float32 [tokens, vocabulary] in NumPy's format.");
  a.group("Files");
  a.option("--tokens", "FILE", text(o.tokens_file), "token ids separated by white space; \"-\" reads standard input");
  a.option("--out", "FILE", text(o.out), "where to write; appears whole or not at all");
  a.group("Model (defaults in brackets)");
  add_model(a, o.model);
  add_shape(a, o.model);
  add_running(a, o.model);
  a.remark("Without --ctx the session holds exactly the tokens given.");
  if (const auto code = a.parse(args)) return code;
  if (o.tokens_file.empty()) return wrong_usage("--tokens FILE is missing (see sluice logits --help)");
  if (o.out.empty()) return wrong_usage("--out FILE.npy is missing (see sluice logits --help)");
  return std::nullopt;
}

Status write_logits(Engine& engine, std::span<const int32_t> tokens, const std::string& path) {
  SLUICE_TRY(const auto session, engine.new_session());
  const std::atomic<bool>* interrupted = watch_interrupts();  // before there is a file to take away
  SLUICE_TRY(NpyWriter file, NpyWriter::create(path, tokens.size(), static_cast<uint64_t>(engine.info().vocab)));
  SLUICE_TRY_VOID(session->feed(tokens, [&](int64_t, std::span<const float> logits) -> Status {
    if (interrupted->load()) return Error{Code::cancelled, "interrupted; nothing was written"};
    return file.add(logits);
  }));
  return file.finish();
}

Status report(const LogitsOptions& o, int64_t rows, int64_t columns) {
  using text::Value;
  if (!o.model.json) {
    note(fmt::format("{}: logits of {} tokens, {} ids each", o.out, rows, columns));
    return {};
  }
  Value shape = Value::list({Value::integer(rows), Value::integer(columns)});
  return print_line(text::to_json(Value::map({{"out", string_value(o.out)}, {"shape", shape}})));
}

}  // namespace

int logits_command(const Args& args) {
  LogitsOptions o;
  if (const auto code = parse(args, o)) return *code;
  const auto tokens = read_token_ids(o.tokens_file);
  if (!tokens.ok()) return refused(tokens.error());
  if (Status chosen = choose_model(o.model.engine); !chosen.ok()) return failed(chosen.error());
  if (o.model.engine.context == 0) o.model.engine.context = static_cast<int64_t>(tokens->size());
  auto engine = Engine::open(o.model.engine);
  if (!engine.ok()) return refused(engine.error());
  Status written = write_logits(**engine, *tokens, o.out);
  if (!written.ok()) return failed(written.error());
  const Status reported = report(o, static_cast<int64_t>(tokens->size()), (*engine)->info().vocab);
  return reported.ok() ? kGood : failed(reported.error());
}

}  // namespace sluice::cli

// sluice serve: the model behind the interfaces that editors, agents and scripts know.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/progress_line.h"
#include "cli/report.h"
#include "cli/values.h"
#include "cli/warm_start.h"
#include "serve/http_server.h"
#include "sluice/scheduler.h"

namespace sluice::cli {
namespace {

struct ServeOptions {
  ModelOptions model;
  serve::HttpOptions http = {};
  SchedulerOptions scheduler;
  std::string api_key, name, warm_start = "on";
  std::vector<std::string> aliases;
  std::string snapshot_memory = "auto";
  ServeOptions() { model.engine.sessions = -1; }
};

std::optional<int> parse(const Args& args, ServeOptions& o) {
  Arguments a("serve [OPTIONS]", "Answers over HTTP: OpenAI's chat, completions and responses, Anthropic's messages; and a page for people at /.");
  a.group("Network (defaults in brackets)");
  a.option("--host", "ADDRESS", text(o.http.host), "what to listen on (127.0.0.1); 0.0.0.0 opens it to the network");
  a.option("--port", "N", integer(o.http.port, 0, 65535), "(8080); 0 takes a free one and says which");
  a.option("--api-key", "KEY", text(o.api_key), "what clients must send (SLUICE_API_KEY of the environment, else nothing)");
  a.repeatable("--cors", "ORIGIN", texts(o.http.guard.origins), "pages of this origin may read answers; \"*\": all");
  a.option("--parallel", "N", integer(o.model.engine.sessions, 1, EngineOptions::kMostSessions), "requests answered at once (up to 4, as memory allows)");
  a.option("--queue", "N", integer(o.scheduler.max_queue, 0, 100'000), "further requests that may wait (32); beyond it clients are told 429");
  a.option("--max-body", "SIZE", size(o.http.max_body), "most bytes of one request (8M)");
  a.option("--connections", "N", integer(o.http.connections, 1, 400), "most connections at once (128)");
  a.option("--name", "NAME", text(o.name), "the model's name for clients (its file's)");
  a.repeatable("--alias", "NAME", texts(o.aliases), "a further name that requests may use");
  a.group("Model (defaults in brackets)");
  add_model(a, o.model);
  add_shape(a, o.model);
  add_running(a, o.model);
  a.option("--snapshot-memory", "SIZE", text(o.snapshot_memory), "for states of earlier conversations (an eighth of what --memory leaves, at most 2G); off: none");
  a.option("--snapshots", "DIR", text(o.scheduler.snapshots), "where such states outlive the server (nowhere)");
  a.option("--snapshots-size", "SIZE", size(o.scheduler.snapshots_size), "most bytes there (16G); half as many are written an hour");
  a.option("--warm-start", "WHEN", one_of(o.warm_start, {"on", "off"}), "read the experts of earlier runs while the drive is idle (on)");
  add_rates(a, o.model);
  a.remark("Ctrl-C ends it; docs/serve.md lists routes and fields.");
  a.remark("example: sluice serve --port 8080 &\n"
           "         curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\\n"
           "           -d '{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'");
  return a.parse(args);
}

std::string name_of(const std::string& model) {
  const std::filesystem::path path = std::filesystem::path(model).lexically_normal();
  const std::string file = (path.has_filename() ? path : path.parent_path()).filename().string();
  return file.ends_with(".gguf") ? file.substr(0, file.size() - 5) : file;
}

// As EngineOptions has it.
Result<int64_t> snapshot_bytes(const std::string& text) {
  if (text == "auto") return -1;
  if (text == "off") return 0;
  const auto bytes = parse_size(text);
  if (!bytes || *bytes == 0 || *bytes > INT64_MAX) return Error{Code::invalid, fmt::format("--snapshot-memory {}: must be a size, auto or off", text)};
  return static_cast<int64_t>(*bytes);
}

Result<std::unique_ptr<Scheduler>> open_scheduler(ServeOptions& o) {
  SLUICE_TRY_VOID(choose_model(o.model.engine));
  choose_rates(o.model.engine);
  if (o.warm_start == "on") o.model.engine.use_counts = use_counts_path(o.model.engine.model);
  ProgressLine line;
  EngineOptions options = o.model.engine;
  SLUICE_TRY(options.snapshot_bytes, snapshot_bytes(o.snapshot_memory));
  options.load_progress = [&line](double share) { line.show("loading the model", share); };
  SLUICE_TRY(auto engine, Engine::open(options));
  return Scheduler::start(std::move(engine), o.scheduler);
}

void announce(const ServeOptions& o, const std::string& model, int port) {
  const bool v6 = o.http.host.find(':') != std::string::npos;
  const std::string address = fmt::format("http://{}{}{}:{}", v6 ? "[" : "", o.http.host, v6 ? "]" : "", port);
  note(fmt::format("serving {} at {}; Ctrl-C ends", model, address));
  const bool everywhere = o.http.host == "0.0.0.0" || o.http.host == "::";  // no address to type
  note(fmt::format("the page: {}/", everywhere ? fmt::format("http://localhost:{}", port) : address));
  if (!serve::is_loopback_name(o.http.host) && o.http.guard.api_key.empty()) {
    note("anybody who reaches this address may use it: --api-key asks for a key");
  }
}

Status serve_until_interrupted(ServeOptions& o) {
  SLUICE_TRY(auto scheduler, open_scheduler(o));
  serve::Service service{*scheduler, o.name.empty() ? name_of(o.model.engine.model) : o.name, o.aliases, std::time(nullptr), {}};
  SLUICE_TRY(auto server, serve::HttpServer::bind(o.http, service));
  const std::atomic<bool>* interrupted = watch_interrupts();
  std::signal(SIGPIPE, SIG_IGN);
  std::thread serving([&server] { server->run(); });
  announce(o, service.model, server->port());
  while (!interrupted->load()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  note("ending");
  server->stop();
  serving.join();
  return {};
}

}  // namespace

int serve_command(const Args& args) {
  ServeOptions o;
  if (const auto code = parse(args, o)) return *code;
  if (o.api_key.empty()) {
    if (const char* key = std::getenv("SLUICE_API_KEY")) o.api_key = key;
  }
  o.http.guard.api_key = o.api_key;
  const Status served = serve_until_interrupted(o);
  return served.ok() ? kGood : refused(served.error());
}

}  // namespace sluice::cli

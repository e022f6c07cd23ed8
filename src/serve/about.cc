// /v1/models, /health, /metrics: none of them waits for the engine.
#include <fmt/format.h>

#include "serve/routes.h"
#include "text/value.h"

namespace sluice::serve {
namespace {

using text::Value;

Value model_entry(const Service& service, const std::string& name) {
  return Value::map({{"id", Value::string(name)},
                     {"object", Value::string("model")},
                     {"created", Value::integer(service.started)},
                     {"owned_by", Value::string("sluice")},
                     {"context_length", Value::integer(service.scheduler.context())}});
}

// One metric in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats).
template <class T>
void metric(std::string& out, std::string_view name, std::string_view type, std::string_view help, T value) {
  out += fmt::format("# HELP sluice_{0} {1}\n# TYPE sluice_{0} {2}\nsluice_{0} {3}\n", name, help, type, value);
}

}  // namespace

HttpResponse list_models(Service& service, const HttpRequest&, Peer&) {
  Value data = Value::list({model_entry(service, service.model)});
  for (const std::string& alias : service.aliases) data.push(model_entry(service, alias));
  return {200, "application/json", text::to_json(Value::map({{"object", Value::string("list")}, {"data", data}}))};
}

HttpResponse health(Service&, const HttpRequest&, Peer&) { return {200, "application/json", "{\"status\": \"ok\"}"}; }

HttpResponse metrics(Service& service, const HttpRequest&, Peer&) {
  const SchedulerStatus s = service.scheduler.status();
  std::string out;
  metric(out, "requests_at_once", "gauge", "Requests that can be answered at once.", s.sessions);
  metric(out, "requests_running", "gauge", "Requests being answered.", s.running);
  metric(out, "requests_queued", "gauge", "Requests waiting.", s.queued);
  metric(out, "requests_queue_limit", "gauge", "Requests that may wait.", s.max_queue);
  metric(out, "requests_finished_total", "counter", "Requests answered to their end.", s.finished);
  metric(out, "requests_cancelled_total", "counter", "Requests whose client went away.", s.cancelled);
  metric(out, "requests_failed_total", "counter", "Requests that ended in an error of the engine.", s.failed);
  metric(out, "requests_refused_total", "counter", "Requests refused because the queue was full.", s.refused);
  metric(out, "prompt_tokens_total", "counter", "Tokens of all prompts.", s.prompt_tokens);
  metric(out, "reused_tokens_total", "counter", "Prompt tokens that were known already.", s.reused_tokens);
  metric(out, "snapshots", "gauge", "States of conversations kept in memory.", s.snapshots);
  metric(out, "snapshot_bytes", "gauge", "Memory they take.", s.snapshot_bytes);
  metric(out, "snapshots_saved_total", "counter", "States saved.", s.snapshots_saved);
  metric(out, "snapshots_restored_total", "counter", "Prompts that went on from a saved state.", s.snapshots_restored);
  metric(out, "snapshot_files", "gauge", "States of conversations on disk.", s.snapshot_files);
  metric(out, "snapshot_file_bytes", "gauge", "Bytes they take.", s.snapshot_file_bytes);
  metric(out, "snapshot_bytes_written_total", "counter", "Bytes of states written to disk.", s.snapshot_bytes_written);
  metric(out, "snapshot_files_read_total", "counter", "States read from disk.", s.snapshot_files_read);
  metric(out, "snapshot_files_refused_total", "counter", "Damaged files of states.", s.snapshot_files_refused);
  metric(out, "snapshot_writes_put_off_total", "counter", "States not written: too many bytes an hour.", s.snapshot_writes_put_off);
  metric(out, "snapshot_writes_failed_total", "counter", "States that could not be written.", s.snapshot_writes_failed);
  metric(out, "generated_tokens_total", "counter", "Tokens generated.", s.generated_tokens);
  metric(out, "decode_passes_total", "counter", "Passes through the model behind a prompt.", s.decode_passes);
  metric(out, "decode_pass_tokens_total", "counter", "Tokens that went through the model in them, of one or several requests.", s.decode_pass_tokens);
  metric(out, "tokens_per_second", "gauge", "Decoding of all requests at this moment, or when it last was.", s.tok_s);
  metric(out, "expert_hit_rate", "gauge", "Share of expert uses served from memory.", s.hit_rate);
  metric(out, "expert_hits_total", "counter", "Expert uses served from memory.", s.expert_hits);
  metric(out, "expert_misses_total", "counter", "Expert uses that had to be read.", s.expert_misses);
  metric(out, "ssd_bytes_read_total", "counter", "Bytes of experts read.", s.bytes_read);
  metric(out, "ssd_gigabytes_per_second", "gauge", "Rate of reading while reads were outstanding.", s.ssd_gb_s);
  metric(out, "request_seconds_mean", "gauge", "Mean time of a request in the engine.", s.request_s);
  if (s.limit_tok_s) metric(out, "limit_tokens_per_second", "gauge", "What drive and memory allow.", *s.limit_tok_s);
  return {200, "text/plain; version=0.0.4; charset=utf-8", out};
}

}  // namespace sluice::serve

#include "cli/json_output.h"

#include <cmath>

#include "text/utf8.h"

namespace sluice::cli {
namespace {

using text::Value;

Value whole(int64_t value) {
  return Value::integer(value);
}

Value phases_value(const PhaseTimes& p) {
  return Value::map({{"attention", real_value(p.attention)},
                     {"delta_net", real_value(p.delta_net)},
                     {"router", real_value(p.router)},
                     {"shared", real_value(p.shared)},
                     {"experts", real_value(p.experts)},
                     {"io_wait", real_value(p.io_wait)},
                     {"lookahead", real_value(p.lookahead)},
                     {"head", real_value(p.head)},
                     {"drafts", real_value(p.drafts)},
                     {"other", real_value(p.other)}});
}

Value class_value(const ModelInfo::TensorClass& c) {
  return Value::map({{"name", string_value(c.name)},
                     {"tensors", whole(c.tensors)},
                     {"elements", whole(c.elements)},
                     {"bytes", size_value(c.bytes)},
                     {"bits_per_weight", real_value(c.bits())},
                     {"formats", string_value(c.formats)}});
}

}  // namespace

Value size_value(uint64_t value) {
  if (value <= INT64_MAX) return Value::integer(static_cast<int64_t>(value));
  return Value::big_integer(std::to_string(value), text::Origin::markup);
}

Value real_value(double value) {
  return std::isfinite(value) ? Value::real(value) : Value();
}

Value optional_real(const std::optional<double>& value) {
  return value ? real_value(*value) : Value();
}

Value string_value(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const text::Utf8Step step = text::utf8_step(bytes);
    step.kind == text::Utf8Step::complete ? out.append(bytes.substr(0, step.size)) : out.append("\xef\xbf\xbd");
    bytes.remove_prefix(step.size);
  }
  return Value::string(out);
}

Value tokens_value(std::span<const int32_t> tokens) {
  Value list = Value::list();
  for (const int32_t token : tokens) list.push(whole(token));
  return list;
}

Value stats_value(const Stats& s) {
  return Value::map({{"prompt_tokens", whole(s.prompt_tokens)},
                     {"prompt_s", real_value(s.prompt_s)},
                     {"decode_tokens", whole(s.decode_tokens)},
                     {"decode_s", real_value(s.decode_s)},
                     {"decode_tok_s", real_value(s.decode_tok_s())},
                     {"prefill_tok_s", real_value(s.prefill_tok_s())},
                     {"expert_bytes_per_token", real_value(s.expert_bytes_per_token)},
                     {"ssd_bytes_per_token", real_value(s.ssd_bytes_per_token)},
                     {"ssd_gb_s", real_value(s.ssd_gb_s)},
                     {"hit_rate", real_value(s.hit_rate)},
                     {"stall_share", real_value(s.stall_share)},
                     {"limit_tok_s", optional_real(s.limit_tok_s)},
                     {"share_of_limit", optional_real(s.share_of_limit)},
                     {"peak_rss_bytes", size_value(s.peak_rss_bytes)},
                     {"k", whole(s.k)},
                     {"threads", whole(s.threads)},
                     {"isa", string_value(s.isa)},
                     {"activations", whole(s.activations)},
                     {"io", string_value(s.io)},
                     {"hits", size_value(s.hits)},
                     {"misses", size_value(s.misses)},
                     {"bytes_read", size_value(s.bytes_read)},
                     {"prompt_bytes_read", size_value(s.prompt_bytes_read)},
                     {"prompt_bytes_touched", size_value(s.prompt_bytes_touched)},
                     {"speculative_reads", size_value(s.speculative_reads)},
                     {"speculative_used", size_value(s.speculative_used)},
                     {"speculate", string_value(s.speculate)},
                     {"decode_passes", whole(s.decode_passes)},
                     {"drafted", whole(s.drafted)},
                     {"draft_accepted", whole(s.draft_accepted)},
                     {"prompt_phases", phases_value(s.prompt_phases)},
                     {"decode_phases", phases_value(s.decode_phases)},
                     {"trunk_bytes_per_token", real_value(s.trunk_bytes_per_token)},
                     {"state_bytes_per_token", real_value(s.state_bytes_per_token)},
                     {"policy", string_value(s.policy)},
                     {"routes", string_value(s.routes)},
                     {"kv", string_value(s.kv)}});
}

Value memory_value(const MemoryPlan& m) {
  return Value::map({{"budget", size_value(m.budget)},
                     {"process", size_value(m.process)},
                     {"trunk", size_value(m.trunk)},
                     {"state", size_value(m.state)},
                     {"workspace", size_value(m.workspace)},
                     {"snapshots", size_value(m.snapshots)},
                     {"slots", size_value(m.slots)},
                     {"slot_count", whole(m.slot_count)},
                     {"slot_bytes", size_value(m.slot_bytes)},
                     {"total", size_value(m.total())},
                     {"floor", size_value(m.floor)},
                     {"context", whole(m.context)},
                     {"chunk", whole(m.chunk)}});
}

Value model_value(const ModelInfo& i, int64_t context) {
  Value classes = Value::list(), skipped = Value::list();
  for (const auto& c : i.classes) classes.push(class_value(c));
  for (const auto& s : i.skipped) skipped.push(string_value(s));
  return Value::map({{"path", string_value(i.path)},
                     {"container", string_value(i.container)},
                     {"family", string_value(i.family)},
                     {"files", whole(i.files)},
                     {"file_bytes", size_value(i.file_bytes)},
                     {"layers", whole(i.layers)},
                     {"attention_layers", whole(i.attention_layers)},
                     {"recurrent_layers", whole(i.recurrent_layers)},
                     {"hidden", whole(i.hidden)},
                     {"vocab", whole(i.vocab)},
                     {"context", whole(i.context)},
                     {"experts", whole(i.experts)},
                     {"top_k", whole(i.top_k)},
                     {"trained_top_k", whole(i.trained_top_k)},
                     {"expert_width", whole(i.expert_width)},
                     {"shared_width", whole(i.shared_width)},
                     {"classes", classes},
                     {"skipped", skipped},
                     {"trunk_bytes", size_value(i.trunk_bytes)},
                     {"expert_bytes", size_value(i.expert_bytes)},
                     {"record_bytes", size_value(i.record_bytes)},
                     {"read_bytes", size_value(i.read_bytes)},
                     {"expert_bytes_per_token", size_value(i.expert_bytes_per_token)},
                     {"session_context", whole(context)},
                     {"state_bytes", size_value(i.state_bytes)},
                     {"kv", string_value(i.kv)},
                     {"floor_bytes", size_value(i.floor_bytes)},
                     {"full_bytes", size_value(i.full_bytes)}});
}

}  // namespace sluice::cli

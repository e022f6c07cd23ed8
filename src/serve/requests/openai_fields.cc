#include "serve/requests/openai_fields.h"

#include <algorithm>

#include <fmt/format.h>

#include "text/quote.h"

namespace sluice::serve {
namespace {

using text::Value;

constexpr int64_t kMost = INT64_MAX;
constexpr size_t kMostTools = 1024;

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/") == std::string::npos;
}

}  // namespace

void read_openai_sampling(Fields& f, GenerationRequest& r) {
  r.model = f.string("model").value_or("");
  r.sampling.temperature = f.number("temperature", 0, 100);
  r.sampling.top_p = f.number("top_p", 0, 1);
  r.sampling.top_k = f.integer("top_k", -1, INT32_MAX);
  r.sampling.min_p = f.number("min_p", 0, 1);
  r.sampling.presence_penalty = f.number("presence_penalty", -2, 2);
  r.sampling.frequency_penalty = f.number("frequency_penalty", -2, 2);
  r.sampling.repetition_penalty = f.number("repetition_penalty", 0.01, 10);
  if (const auto seed = f.integer("seed", INT64_MIN, kMost)) r.sampling.seed = static_cast<uint64_t>(*seed);
  if (const auto n = f.integer("n", INT64_MIN, kMost); n && *n != 1) f.wrong("n", "only 1 answer a request is given", Code::unsupported);
  f.refuse("logit_bias", "a bias of single tokens is not supported");
  read_stop(f, "stop", r);
  r.stream = f.boolean("stream").value_or(false);
  if (const Value* options = f.map("stream_options")) {
    if (!r.stream) f.wrong("stream_options", "only with stream");
    Fields inner(*options, "stream_options.");
    r.include_usage = inner.boolean("include_usage").value_or(false);
    inner.accept({"include_obfuscation"});
    if (Status s = inner.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
  }
  f.accept({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"});
}

void read_stop(Fields& f, std::string_view name, GenerationRequest& r) {
  const Value* stop = f.any(name);
  if (stop == nullptr) return;
  std::vector<Value> items = stop->is_list() ? stop->as_list().items : std::vector<Value>{*stop};
  if (items.size() > 64) return f.wrong(name, "at most 64 texts");
  for (const Value& item : items) {
    if (!item.is_string() || item.as_text().empty()) return f.wrong(name, "must be a text or a list of texts, none of them empty");
    r.stop.push_back(item.as_text().bytes());
  }
}

void set_effort(std::string_view effort, GenerationRequest& r) {
  if (effort.empty()) return;
  r.thinking = effort != "none";
  if (effort == "minimal") r.thinking_budget = 256;
  if (effort == "low") r.thinking_budget = 1024;
  if (effort == "medium") r.thinking_budget = 4096;
}

void read_thinking(Fields& f, GenerationRequest& r) {
  set_effort(f.one_of("reasoning_effort", {"none", "minimal", "low", "medium", "high", "xhigh"}), r);
  if (const auto thinking = f.boolean("enable_thinking")) r.thinking = thinking;
  if (const Value* options = f.map("chat_template_kwargs")) {
    Fields inner(*options, "chat_template_kwargs.");
    if (const auto thinking = inner.boolean("enable_thinking")) r.thinking = thinking;
    if (Status s = inner.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
  }
  if (const auto budget = f.integer("thinking_budget", 0, kMost)) r.thinking_budget = budget;
}

std::string read_text_parts(Fields& f, std::string_view name, std::initializer_list<std::string_view> types) {
  const Value* content = f.any(name);
  if (content == nullptr) return "";
  if (content->is_string()) return content->as_text().bytes();
  std::string out;
  if (!content->is_list()) f.wrong(name, "must be a text or a list of parts");
  for (size_t i = 0; f.good() && i < content->as_list().items.size(); ++i) {
    const Value& part = content->as_list().items[i];
    const Value* type = part.is_map() ? part.find("type") : nullptr;
    if (type == nullptr || !type->is_string()) {
      f.wrong(name, fmt::format("part {}: must be an object with a type", i));
    } else if (std::find(types.begin(), types.end(), type->as_text().view()) == types.end()) {
      f.wrong(name, fmt::format("part {}: a part of type {}; only text works", i, text::quote_text(type->as_text().bytes())), Code::unsupported);
    } else if (const Value* words = part.find("text"); words != nullptr && words->is_string()) {
      out += words->as_text().bytes();
    } else {
      f.wrong(name, fmt::format("part {}: must have a text", i));
    }
  }
  return out;
}

void Tools::add(Fields& function, std::string_view parameters) {
  const auto name = function.string("name");
  if (!name || !is_name(*name)) return function.wrong("name", "must be 1 to 128 letters, digits or _-.:/");
  const Value out = Value::map({{"name", Value::string(*name)}});
  if (const auto description = function.string("description")) out.set("description", Value::string(*description));
  const Value* schema = function.map(parameters);
  out.set("parameters", schema != nullptr ? *schema : Value::map({{"type", Value::string("object")}, {"properties", Value::map()}}));
  if (!names_.insert(*name).second) return function.wrong("name", *name + " is there twice");
  if (request_.tools.is_none()) request_.tools = Value::list();
  request_.tools.push(Value::map({{"type", Value::string("function")}, {"function", out}}));
}

void each_tool(Fields& f, const std::function<void(Fields&, const std::string&)>& read) {
  const Value* tools = f.list("tools");
  if (tools == nullptr) return;
  if (tools->as_list().items.size() > kMostTools) return f.wrong("tools", fmt::format("at most {}", kMostTools));
  for (size_t i = 0; f.good() && i < tools->as_list().items.size(); ++i) {
    const Value& tool = tools->as_list().items[i];
    if (!tool.is_map()) return f.wrong(fmt::format("tools[{}]", i), "must be an object");
    const std::string where = fmt::format("tools[{}].", i);
    Fields t(tool, where);
    read(t, where);
    if (Status s = t.finish(); !s.ok()) f.wrong("", s.error().message, s.error().code);
  }
}

void read_openai_tools(Fields& f, GenerationRequest& r) {
  Tools tools(r);
  each_tool(f, [&](Fields& outer, const std::string& where) {
    if (const auto type = outer.string("type"); type != "function") outer.wrong("type", "only \"function\" works", Code::unsupported);
    const Value* function = outer.map("function");
    if (function == nullptr) outer.wrong("function", "must be an object");
    if (!outer.finish().ok()) return;
    Fields inner(*function, where + "function.");
    r.strict_tools |= inner.boolean("strict").value_or(false);
    tools.add(inner, "parameters");
    if (Status s = inner.finish(); !s.ok()) outer.wrong("", s.error().message, s.error().code);
  });
}

void read_openai_tool_choice(Fields& f, GenerationRequest& r) {
  r.parallel_tool_calls = f.boolean("parallel_tool_calls").value_or(true);
  const Value* choice = f.any("tool_choice");
  if (choice == nullptr) return;
  const std::string word = choice->is_string() ? choice->as_text().bytes() : "";
  const Value* function = choice->is_map() ? choice->find("function") : nullptr;
  const Value* name = function != nullptr && function->is_map() ? function->find("name") : choice->is_map() ? choice->find("name") : nullptr;
  if (word == "auto") {
    r.tool_choice.kind = ToolChoice::Kind::automatic;
  } else if (word == "none") {
    r.tool_choice.kind = ToolChoice::Kind::none;
  } else if (word == "required") {
    r.tool_choice.kind = ToolChoice::Kind::required;
  } else if (name != nullptr && name->is_string()) {
    r.tool_choice = {ToolChoice::Kind::named, name->as_text().bytes()};
  } else {
    f.wrong("tool_choice", "must be auto, none, required or a function by name");
  }
}

Value message_of(std::string_view role, std::string_view content) {
  return Value::map({{"role", Value::string(role)}, {"content", Value::string(content)}});
}

void SystemMessages::add(std::string_view content) {
  const size_t before = messages_.as_list().items.size();
  if (before > 1 || (before == 1 && !opened_)) return messages_.push(message_of("system", content));
  if (opened_) {
    opening_ += "\n\n";
  } else {
    messages_.push(message_of("system", ""));
    opened_ = true;
  }
  opening_ += content;
}

void SystemMessages::finish() const {
  if (opened_) messages_.as_list().items[0].set("content", Value::string(opening_));
}

std::optional<Value> call_of(Fields& f, const std::string& id, const std::string& name, const std::string& arguments) {
  auto parsed = text::parse_json(arguments.find_first_not_of(" \t\r\n") == std::string::npos ? "{}" : arguments);
  if (!parsed.ok() || !parsed->is_map()) {
    f.wrong("arguments", "must be the JSON of an object");
    return std::nullopt;
  }
  const Value function = Value::map({{"name", Value::string(name)}, {"arguments", *parsed}});
  return Value::map({{"id", Value::string(id)}, {"type", Value::string("function")}, {"function", function}});
}

}  // namespace sluice::serve

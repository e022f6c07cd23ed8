// Renders chat templates for tests/templates/differential.py: JSON in, JSON out.
// In:  {"templates": {name: source}, "cases": [{"template", "messages", "tools", "add_generation_prompt", "extra"}]}
// Out: [{"text": ...} or {"error": ...}], one a case. The date is fixed: Friday, 14 March 2025, 09:26:53.
#include <fmt/core.h>

#include <iostream>
#include <iterator>
#include <map>
#include <string>

#include "text/chat_template.h"

namespace {

using sluice::Result;
using sluice::text::ChatInput;
using sluice::text::ChatTemplate;
using sluice::text::Value;

std::tm fixed_date() {
  std::tm when{};
  when.tm_year = 125;
  when.tm_mon = 2;
  when.tm_mday = 14;
  when.tm_hour = 9;
  when.tm_min = 26;
  when.tm_sec = 53;
  when.tm_wday = 5;
  when.tm_yday = 72;
  return when;
}

Result<std::string> render(const ChatTemplate& program, const Value& one) {
  ChatInput input;
  input.messages = *one.find("messages");
  input.tools = *one.find("tools");
  input.add_generation_prompt = one.find("add_generation_prompt")->as_bool();
  input.extra = *one.find("extra");
  input.bos_token = "<BOS>";
  input.eos_token = "<EOS>";
  input.now = fixed_date();
  SLUICE_TRY(const auto segments, program.render(input));
  return sluice::text::joined(segments);
}

Value outcome(const Result<std::string>& result) {
  if (result.ok()) return Value::map({{"text", Value::string(*result)}});
  return Value::map({{"error", Value::string(result.error().message)}});
}

}  // namespace

int main() {
  const std::string source{std::istreambuf_iterator<char>(std::cin), {}};
  const Result<Value> job = sluice::text::parse_json(source);
  if (!job.ok()) {
    fmt::print(stderr, "{}\n", job.error().message);
    return 1;
  }
  std::map<std::string, Result<ChatTemplate>> programs;
  for (const auto& entry : job->find("templates")->as_map().entries) {
    programs.emplace(entry.key.as_text().bytes(), ChatTemplate::parse(entry.value.as_text().view()));
  }
  const Value out = Value::list();
  for (const Value& one : job->find("cases")->as_list().items) {
    const Result<ChatTemplate>& program = programs.at(one.find("template")->as_text().bytes());
    out.push(outcome(program.ok() ? render(*program, one) : Result<std::string>(program.error())));
  }
  fmt::print("{}\n", to_json(out));
  return 0;
}

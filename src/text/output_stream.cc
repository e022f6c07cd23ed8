#include "text/output_stream.h"

#include <algorithm>
#include <utility>

namespace sluice::text {
namespace {

constexpr std::string_view kThink = "<think>", kThinkEnd = "</think>";
constexpr std::string_view kCall = "<tool_call>", kCallEnd = "</tool_call>";
constexpr std::string_view kSpace = " \t\n\r\f\v";

// Bytes at the end of the text that may be the beginning of the tag.
size_t begun(std::string_view text, std::string_view tag) {
  for (size_t n = std::min(tag.size() - 1, text.size()); n > 0; --n) {
    if (text.ends_with(tag.substr(0, n))) return n;
  }
  return 0;
}

void append(std::string text, OutputStream::Pieces& out) {
  if (text.empty()) return;
  if (out.parts.empty() || !out.parts.back().call.empty()) out.parts.emplace_back();
  out.parts.back().content += text;
}

}  // namespace

OutputStream::Pieces OutputStream::push(std::string_view text) {
  Pieces out;
  held_ += text;
  while (step(out, false)) {
  }
  return out;
}

OutputStream::Pieces OutputStream::finish() {
  Pieces out;
  while (step(out, true)) {
  }
  // Whitespace at the end is content where no call is, and never reasoning.
  if (calls_ == 0 && !in_reasoning()) append(std::exchange(space_, {}), out);
  return out;
}

// True: there may be more to do with what is held.
bool OutputStream::step(Pieces& out, bool last) {
  switch (place_) {
    case Place::start:
    case Place::reasoning_start: return step_start(last);
    case Place::reasoning: return step_reasoning(out, last);
    case Place::after_reasoning:
      held_.erase(0, std::min(held_.find_first_not_of('\n'), held_.size()));
      if (held_.empty()) return false;
      place_ = Place::content;
      return true;
    case Place::content: return step_content(out, last);
    case Place::call: return step_call(out, last);
  }
  return false;
}

// Is there a <think> after whitespace?
bool OutputStream::step_start(bool last) {
  const size_t begin = std::min(held_.find_first_not_of(kSpace), held_.size());
  const std::string_view rest = std::string_view(held_).substr(begin);
  if (!last && rest.size() < kThink.size() && kThink.starts_with(rest)) return false;
  const bool reasoning = place_ == Place::reasoning_start;
  if (rest.starts_with(kThink)) {
    held_.erase(0, begin + kThink.size());
    place_ = Place::reasoning;
  } else {
    place_ = reasoning ? Place::reasoning : Place::content;
  }
  return true;
}

bool OutputStream::step_reasoning(Pieces& out, bool last) {
  const size_t end = held_.find(kThinkEnd);
  if (end != std::string::npos) {
    add_reasoning(std::string_view(held_).substr(0, end), out);
    space_.clear();
    held_.erase(0, end + kThinkEnd.size());
    place_ = Place::after_reasoning;
    return true;
  }
  const size_t keep = last ? 0 : begun(held_, kThinkEnd);
  add_reasoning(std::string_view(held_).substr(0, held_.size() - keep), out);
  held_.erase(0, held_.size() - keep);
  return false;
}

bool OutputStream::step_content(Pieces& out, bool last) {
  if (!calls_wanted_) {
    append(std::exchange(held_, {}), out);
    return false;
  }
  const size_t at = held_.find(kCall);
  const size_t keep = at != std::string::npos ? held_.size() - at : last ? 0 : begun(held_, kCall);
  add_content(std::string_view(held_).substr(0, held_.size() - keep), out);
  held_.erase(0, held_.size() - keep);
  if (at == std::string::npos) return false;
  place_ = Place::call;
  looked_ = 0;
  return true;
}

// A call comes out once it is complete: no text that follows can change it then. One that is broken waits for the end,
// as more text may still complete it.
bool OutputStream::step_call(Pieces& out, bool last) {
  if (!last) {
    const size_t from = std::max(looked_, kCall.size());
    const size_t end = held_.find(kCallEnd, from);
    if (end == std::string::npos) {
      looked_ = std::max(from, held_.size() - std::min(held_.size(), kCallEnd.size() - 1));
      return false;
    }
    looked_ = end + kCallEnd.size();
  }
  size_t at = kCall.size();
  auto call = parse_call(last ? std::string_view(held_) : std::string_view(held_).substr(0, looked_), at);
  if (!last && (!call || !call->complete)) return true;
  place_ = Place::content;
  if (call) {
    space_.clear();
    after_call_ = true;
    ++calls_;
    out.parts.push_back({{}, {std::move(*call)}});
  } else {
    add_content(std::string_view(held_).substr(0, at), out);
  }
  held_.erase(0, at);
  return true;
}

void OutputStream::add_reasoning(std::string_view text, Pieces& out) {
  const size_t end = text.find_last_not_of(kSpace);
  if (end == text.npos) {
    if (reasoned_) space_ += text;
    return;
  }
  if (!reasoned_) text.remove_prefix(text.find_first_not_of(kSpace));
  const size_t solid = text.find_last_not_of(kSpace) + 1;
  out.reasoning += std::exchange(space_, {});
  out.reasoning += text.substr(0, solid);
  space_ = text.substr(solid);
  reasoned_ = true;
}

// Whitespace waits for what follows: a call drops it. After a call a newline stands for it.
void OutputStream::add_content(std::string_view text, Pieces& out) {
  const size_t end = text.find_last_not_of(kSpace);
  if (end == text.npos) {
    if (!after_call_) space_ += text;
    return;
  }
  if (after_call_) {
    text.remove_prefix(text.find_first_not_of(kSpace));
    space_ = wrote_ ? "\n" : "";
    after_call_ = false;
  }
  const size_t solid = text.find_last_not_of(kSpace) + 1;
  append(std::exchange(space_, {}) + std::string(text.substr(0, solid)), out);
  space_ = text.substr(solid);
  wrote_ = true;
}

}  // namespace sluice::text

#include "text/grammar/plain_leads.h"

#include <algorithm>

namespace sluice::text {

std::optional<ByteSet> leads_elsewhere(Automaton& automaton, StateId from, StateId to) {
  // Well-formed UTF-8 (Unicode, table 3-7): first byte, second byte, bytes behind them.
  struct Form {
    uint8_t first, last, low, high, more;
  };
  static constexpr Form kForms[] = {{0xc2, 0xdf, 0x80, 0xbf, 0}, {0xe0, 0xe0, 0xa0, 0xbf, 1}, {0xe1, 0xec, 0x80, 0xbf, 1},
                                    {0xed, 0xed, 0x80, 0x9f, 1}, {0xee, 0xef, 0x80, 0xbf, 1}, {0xf0, 0xf0, 0x90, 0xbf, 2},
                                    {0xf1, 0xf3, 0x80, 0xbf, 2}, {0xf4, 0xf4, 0x80, 0x8f, 2}};
  std::vector<StateId> states, after;
  const auto go = [&](uint8_t low, uint8_t high) {  // all states after one of these bytes; false: one leads nowhere
    after.clear();
    for (StateId s : states) {
      for (int b = low; b <= high; ++b) {
        const StateId next = automaton.step(s, static_cast<uint8_t>(b));
        if (after.empty() || after.back() != next) after.push_back(next);
      }
    }
    std::sort(after.begin(), after.end());
    after.erase(std::unique(after.begin(), after.end()), after.end());
    states.swap(after);
    return states.front() != Automaton::dead;  // the least
  };
  for (const Form& form : kForms) {
    states = {from};
    if (!go(form.first, form.last) || !go(form.low, form.high)) return std::nullopt;
    for (int i = 0; i < form.more; ++i) {
      if (!go(0x80, 0xbf)) return std::nullopt;
    }
    if (states.size() != 1 || states[0] != to) return std::nullopt;
  }
  ByteSet out;
  for (int b = 0; b < 0x80; ++b) {
    const auto byte = static_cast<uint8_t>(b);
    if (automaton.step(from, byte) != to) out.add(byte);
  }
  return out;
}

}  // namespace sluice::text

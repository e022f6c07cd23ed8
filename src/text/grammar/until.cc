#include "text/grammar/until.h"

#include <algorithm>
#include <map>

#include "text/grammar/characters.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

// A state of the search: the longest beginning of a mark that the text ends with.
struct Search {
  std::vector<std::string> prefixes = {""};
  std::map<std::string, size_t, std::less<>> ids = {{"", 0}};

  explicit Search(std::span<const Mark> marks) {
    for (const Mark& mark : marks) {
      for (size_t size = 1; size < mark.text.size(); ++size) {
        const std::string prefix = mark.text.substr(0, size);
        if (ids.try_emplace(prefix, prefixes.size()).second) prefixes.push_back(prefix);
      }
    }
  }
  size_t longest_suffix(std::string_view text) const {
    while (!ids.contains(text)) text.remove_prefix(1);
    return ids.find(text)->second;
  }
};

const Mark* mark_at_end(std::span<const Mark> marks, std::string_view text) {
  for (const Mark& mark : marks) {
    if (text.ends_with(mark.text)) return &mark;
  }
  return nullptr;
}

struct Place {
  std::map<std::string, size_t> next;  // by character
  bool word = false;
};

std::vector<Place> tree_of(std::span<const std::string> words) {
  std::vector<Place> places(1);
  for (const std::string& word : words) {
    size_t at = 0;
    for (size_t i = 0; i < word.size();) {
      const size_t size = utf8_step(std::string_view(word).substr(i)).size;
      const auto [to, fresh] = places[at].next.try_emplace(word.substr(i, size), places.size());
      at = to->second;
      if (fresh) places.emplace_back();
      i += size;
    }
    places[at].word = true;
  }
  return places;
}

}  // namespace

NodeId text_until(Grammar& g, std::span<const Mark> marks, const UntilOptions& options) {
  const Search search(marks);
  std::vector<RuleId> rules;
  for (size_t i = 0; i < search.prefixes.size(); ++i) rules.push_back(g.declare("text"));
  Characters beyond;
  beyond.add(0x80, Characters::kLast);
  const NodeId character = options.free ? g.bytes(ByteSet::range(0x80, 0xff), true) : one_of(g, beyond, Spelling::raw);
  for (size_t i = 0; i < rules.size(); ++i) {
    std::map<size_t, ByteSet> to;
    std::vector<NodeId> ways;
    for (int b = 0; b < 0x80; ++b) {
      const std::string text = search.prefixes[i] + static_cast<char>(b);
      if (const Mark* mark = mark_at_end(marks, text); mark == nullptr) {
        to[search.longest_suffix(text)].add(static_cast<uint8_t>(b));
      } else if (!mark->forbidden) {
        ways.push_back(g.sequence({g.bytes(ByteSet::range(b, b), options.free), mark->then}));
      }
    }
    for (const auto& [next, set] : to) {
      ways.push_back(g.sequence({g.bytes(set, options.free), g.call(rules[next])}));
    }
    ways.push_back(g.sequence({character, g.call(rules[0])}));
    if (options.may_end) ways.push_back(g.empty());
    g.define(rules[i], g.choice(ways));
  }
  return g.call(rules[0]);
}

NodeId text_unlike(Grammar& g, std::span<const std::string> words, std::string_view less) {
  Characters plain = Characters::all();
  Characters escaped;
  escaped.add(0, 0x1f);
  escaped.add('"', '"');
  escaped.add('\\', '\\');
  for (char c : less) escaped.add(static_cast<uint8_t>(c), static_cast<uint8_t>(c));
  plain = plain.without(escaped);
  const NodeId any = g.call(g.rule("characters", g.repeat(one_of(g, plain, Spelling::raw), 0, -1)));
  // Over the words' tree by characters: at each place another character than those that go on makes the rest free.
  const std::vector<Place> places = tree_of(words);
  std::vector<NodeId> nodes(places.size());
  for (size_t i = places.size(); i-- > 0;) {  // children have higher numbers
    if (g.overflowed()) return g.empty();
    Characters going_on;
    std::vector<NodeId> ways;
    for (const auto& [character, next] : places[i].next) {
      const uint32_t point = utf8_step(character).code_point;
      going_on.add(point, point);
      if (plain.has(point)) ways.push_back(g.sequence({g.literal(character), nodes[next]}));
    }
    ways.push_back(g.sequence({one_of(g, plain.without(going_on), Spelling::raw), any}));
    if (!places[i].word) ways.push_back(g.empty());
    nodes[i] = g.choice(ways);
  }
  return nodes[0];
}

}  // namespace sluice::text

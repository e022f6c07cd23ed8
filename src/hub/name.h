// What a model of the hub is called: OWNER/REPOSITORY, and :TAG for one of the quantised files in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::hub {

struct ModelName {
  std::string owner, repo;
  std::string tag;  // empty: the whole repository, or the only model in it

  std::string repository() const { return owner + "/" + repo; }
  std::string shown() const { return tag.empty() ? repository() : repository() + ":" + tag; }
};

// Nothing where `text` is not such a name. Each part is letters, digits, '.', '_' and '-', begins with a letter or
// digit (so that it is one folder, and no hidden one) and has at most 128 of them.
std::optional<ModelName> parse_name(std::string_view text);

}  // namespace sluice::hub

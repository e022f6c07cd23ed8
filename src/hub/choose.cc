#include "hub/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

namespace sluice::hub {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

struct Part {
  std::string stem;                // the path without ".gguf" and "-00001-of-00006"
  uint64_t count = 0, number = 0;  // 0: not split
};

Part part_of(std::string_view path) {
  path.remove_suffix(5);
  const size_t n = path.size();  // "-00001-of-00006" has 15
  if (n > 15 && path.substr(n - 9, 4) == "-of-" && path[n - 15] == '-' && all_digits(path.substr(n - 14, 5)) &&
      all_digits(path.substr(n - 5))) {
    return {std::string(path.substr(0, n - 15)), std::stoul(std::string(path.substr(n - 5))),
            std::stoul(std::string(path.substr(n - 14, 5)))};
  }
  return {std::string(path), 0, 0};
}

// A language model: not the vision tower, nor the statistics of quantisation, that lie beside it.
bool is_model(std::string_view path) {
  const std::string name = lower(file_name(path));
  return name.ends_with(".gguf") && !name.starts_with("mmproj") && name.find("imatrix") == std::string::npos;
}

bool is_boundary(char before, std::string_view tag) {
  return before == '-' || before == '.' || (before == '_' && tag.find_first_of("0123456789") != std::string_view::npos);
}

// Ends with it, after a boundary. Both in lower case.
bool ends_with_tag(std::string_view name, std::string_view tag) {
  return name.size() > tag.size() && name.ends_with(tag) && is_boundary(name[name.size() - tag.size() - 1], tag);
}

enum class Fit { none, ending, whole };

Fit fit(const Choice& model, std::string_view tag) {
  const std::string stem = lower(part_of(model.paths.front()).stem), wanted = lower(tag);
  if (file_name(stem) == wanted || std::string(file_name(stem)) + ".gguf" == wanted) return Fit::whole;
  Fit best = Fit::none;
  for (size_t at = 0; at <= stem.size();) {
    const size_t end = std::min(stem.find('/', at), stem.size());
    const std::string part = stem.substr(at, end - at);
    if (part == wanted) best = Fit::whole;
    if (best == Fit::none && ends_with_tag(part, wanted)) best = Fit::ending;
    at = end + 1;
  }
  return best;
}

// "Q4_K_M" of "x-Q4_K_M", "UD-Q4_K_M" of "x-UD-Q4_K_M"; the whole name where it does not end like that.
std::string tag_of(std::string_view stem) {
  const std::string_view name = file_name(stem);
  const size_t cut = name.find_last_of("-.");
  if (cut == std::string_view::npos || cut + 2 >= name.size()) return std::string(name);
  const std::string last = lower(name.substr(cut + 1));
  const bool quantised = (last[0] == 'q' || last[0] == 'f') ? all_digits(last.substr(1, 1))
                                                            : last.starts_with("iq") || last.starts_with("tq") ||
                                                                  last.starts_with("bf") || last.starts_with("mxfp");
  if (!quantised) return std::string(name);
  const std::string_view before = name.substr(0, cut);
  const bool dynamic = before.size() >= 3 && lower(before.substr(before.size() - 3)) == "-ud";
  return std::string(name.substr(dynamic ? cut - 2 : cut + 1));
}

std::vector<Choice> ggufs_in(std::span<const std::string> paths) {
  std::map<std::string, std::map<uint64_t, std::string>> sets;  // "stem count": parts
  for (const std::string& path : paths) {
    if (!is_model(path)) continue;
    const Part part = part_of(path);
    sets[fmt::format("{} {}", part.stem, part.count)].emplace(part.number, path);
  }
  std::vector<Choice> models;
  for (auto& [stem, parts] : sets) {
    Choice model{.paths = {}, .gguf = true, .tag = tag_of(part_of(parts.begin()->second).stem)};
    for (auto& [number, path] : parts) model.paths.push_back(path);
    models.push_back(std::move(model));
  }
  return models;
}

bool is_beside_safetensors(const std::string& path) {
  return path == "config.json" || path == "generation_config.json" || path == "vocab.json" || path == "merges.txt" ||
         path.ends_with(".safetensors.index.json") || (path.starts_with("tokenizer") && path.ends_with(".json")) ||
         path.starts_with("chat_template");
}

Choice safetensors_in(std::span<const std::string> paths) {
  Choice model;
  const auto weights = [](const std::string& path) {
    return path.find('/') == std::string::npos && path.ends_with(".safetensors");
  };
  if (std::none_of(paths.begin(), paths.end(), weights)) return model;
  for (const std::string& path : paths) {
    if (path.find('/') == std::string::npos && (weights(path) || is_beside_safetensors(path)))
      model.paths.push_back(path);
  }
  return model;
}

std::string tags(const std::vector<Choice>& models) {
  constexpr size_t most = 60;
  std::string out;
  for (size_t i = 0; i < std::min(models.size(), most); ++i) out += (i == 0 ? ":" : ", :") + models[i].tag;
  return models.size() > most ? out + fmt::format(" and {} more", models.size() - most) : out;
}

Result<Choice> whole(Choice model) {
  const Part last = part_of(model.paths.back());
  const bool in_order = part_of(model.paths.front()).number == 1 && last.number == last.count;
  if (last.count == 0 || (model.paths.size() == last.count && in_order)) return model;
  return Error{Code::corrupt,
               fmt::format("{}: {} of its {} parts are there", model.tag, model.paths.size(), last.count)};
}

// How many models fit each of their tags, as fit() decides: found by the endings of each name, for a repository may
// hold as many models as files.
class Fitting {
 public:
  explicit Fitting(std::span<const Choice> models) {
    for (const Choice& model : models) counts_.try_emplace(lower(model.tag));
    for (const Choice& model : models) add(lower(part_of(model.paths.front()).stem));
  }
  size_t count(std::string_view tag) const { return counts_.find(lower(tag))->second.models; }

 private:
  struct Count {
    size_t models = 0, last = 0;
  };

  void add(const std::string& stem) {
    ++added_;
    see(std::string(file_name(stem)) + ".gguf");
    for (size_t at = 0; at <= stem.size();) {
      const size_t end = std::min(stem.find('/', at), stem.size());
      const std::string_view part = std::string_view(stem).substr(at, end - at);
      see(part);
      for (size_t i = 1; i <= part.size(); ++i) {
        if (is_boundary(part[i - 1], part.substr(i))) see(part.substr(i));
      }
      at = end + 1;
    }
  }
  void see(std::string_view name) {
    const auto found = counts_.find(name);
    if (found == counts_.end() || found->second.last == added_) return;
    found->second.last = added_;
    ++found->second.models;
  }

  std::map<std::string, Count, std::less<>> counts_;
  size_t added_ = 0;
};

// Two models may end alike: the longer name then says which.
void make_distinct(std::vector<Choice>& models) {
  const Fitting fitting(models);
  for (Choice& model : models) {
    if (fitting.count(model.tag) > 1) model.tag = file_name(part_of(model.paths.front()).stem);
  }
}

}  // namespace

std::vector<Choice> models_in(std::span<const std::string> paths) {
  std::vector<Choice> models = ggufs_in(paths);
  make_distinct(models);
  if (Choice folder = safetensors_in(paths); !folder.paths.empty()) models.push_back(std::move(folder));
  return models;
}

Result<Choice> choose(std::span<const std::string> paths, std::string_view tag) {
  if (tag.empty()) {
    if (Choice folder = safetensors_in(paths); !folder.paths.empty()) return folder;
  }
  std::vector<Choice> models = ggufs_in(paths);
  make_distinct(models);
  if (models.empty()) {
    return Error{Code::not_found,
                 tag.empty() ? "no *.gguf and no *.safetensors in it" : "no *.gguf in it: a tag names one of several"};
  }
  if (tag.empty()) {
    if (models.size() == 1) return whole(std::move(models.front()));
    return Error{Code::invalid, fmt::format("{} models in it: add one of {}", models.size(), tags(models))};
  }
  for (const Fit wanted : {Fit::whole, Fit::ending}) {
    std::vector<Choice> fitting;
    for (const Choice& model : models) {
      if (fit(model, tag) == wanted) fitting.push_back(model);
    }
    if (fitting.size() == 1) return whole(std::move(fitting.front()));
    if (!fitting.empty())
      return Error{Code::invalid,
                   fmt::format(":{} fits {} models in it: say which of {}", tag, fitting.size(), tags(fitting))};
  }
  return Error{Code::not_found, fmt::format("no :{} in it; there are {}", tag, tags(models))};
}

}  // namespace sluice::hub

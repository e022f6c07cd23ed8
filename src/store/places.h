// Further places that hold files of a model, beside the one that names it: a folder with files of the same names, or
// single files. What is missing at home is opened from there; what is there as well is a copy, to be read instead of
// the original where that is faster.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "io/file.h"
#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

class Places {
 public:
  Places() = default;
  // Errors: not_found (a place that does not exist), unsupported (too many).
  static Result<Places> make(std::span<const std::string> more);

  size_t size() const { return places_.size(); }
  const std::string& name(size_t place) const { return places_[place].path; }  // as the user gave it

  // Where the file that belongs at `home` would lie in this place. Of a file named as a place that is itself, when it
  // has the same name, or the part of the same number when both are parts of splits; else "": it cannot be told by
  // name.
  std::string candidate(size_t place, const std::string& home) const;

  // Opens `home`, or when nothing is there, the first candidate that is there. Errors: those of io::File::open for
  // home.
  Result<io::File> open(const std::string& home) const;

 private:
  struct Place {
    std::string path;
    bool is_folder = false;
  };

  std::vector<Place> places_;
};

// Finds the copies of the model's files in these places, appends them to model.files and fills in model.copies.
// Errors: invalid, naming a place that holds no file of the model, or a file there that has the right name and other
// contents; io. Contents are compared by size, by all bytes before the first tensor and by samples of the rest.
Status add_copies(const Places& places, ModelFiles& model);

}  // namespace sluice::store

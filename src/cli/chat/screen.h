// Where a chat writes. On a terminal the rows at the bottom are live: they are drawn over until they are finished.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

class Screen {
 public:
  Screen();

  bool terminal() const { return terminal_; }  // standard input and output are one that can move its cursor
  bool colour() const { return colour_; }
  int width() const;   // columns to write in: one is left free, so that nothing wraps by itself
  int height() const;

  // Finished rows, above the live ones, which are gone afterwards unless given again.
  void draw(const std::vector<std::string>& rows, const std::vector<std::string>& live);
  void print(std::string_view text);  // as it is; no live rows. False: nobody can read on
  bool failed() const { return failed_; }

 private:
  void write_all(std::string_view bytes);

  bool terminal_, colour_, failed_ = false;
  size_t live_ = 0;  // rows
};

}  // namespace sluice::cli

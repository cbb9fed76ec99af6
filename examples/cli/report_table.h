// A table of text: the same cells go to the terminal and to the page.
#pragma once

#include <string>
#include <vector>

namespace driver {

// Control characters become "?": names are anybody's text, and a terminal obeys them.
std::string printable(std::string text);

struct Table {
  struct Column {
    std::string title;
    bool numeric;  // set to the right
    std::vector<std::string> cells;
  };
  std::vector<Column> columns;

  // Leaves out columns in which every cell is empty.
  void drop_empty_columns();
  // Aligned lines, each with its newline; every cell printable().
  std::string text() const;
};

}  // namespace driver

#include "report_table.h"

#include <algorithm>

#include "text.h"

namespace driver {

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

void Table::drop_empty_columns() {
  const auto empty = [](const Column& column) {
    return std::all_of(column.cells.begin(), column.cells.end(), [](const auto& cell) { return cell.empty(); });
  };
  columns.erase(std::remove_if(columns.begin(), columns.end(), empty), columns.end());
}

std::string Table::text() const {
  const size_t rows = columns.empty() ? 0 : columns.front().cells.size();
  std::vector<std::string> lines(rows + 1);
  for (const Column& column : columns) {
    std::vector<std::string> cells{column.title};
    for (const std::string& cell : column.cells) cells.push_back(printable(cell));
    int width = 0;
    for (const std::string& cell : cells) width = std::max(width, driver::columns(cell));
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string blanks(width - driver::columns(cells[i]), ' ');
      lines[i] += (lines[i].empty() ? "" : "  ") + (column.numeric ? blanks + cells[i] : cells[i] + blanks);
    }
  }
  std::string out;
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace driver

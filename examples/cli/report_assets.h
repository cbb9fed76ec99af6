// Files that are part of the program, put into it by report_assets.S.
#pragma once

#include <string_view>

namespace driver {

struct Assets {
  std::string_view page, style, script;  // examples/cli/report/
  std::string_view plotly;               // empty: this program was built without it
};

Assets report_assets();

}  // namespace driver

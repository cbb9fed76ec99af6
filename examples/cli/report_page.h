// The page: one HTML file that holds its style, its script, the chart library and its data.
#pragma once

#include <string>
#include <vector>

#include "report_summary.h"

namespace driver {

std::string report_page(const std::string& title, const std::vector<Group>& groups);

}  // namespace driver

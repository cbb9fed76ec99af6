// What the accuracies of a group say in words. No order is claimed between two whose 95 % intervals overlap.
#pragma once

#include <string>
#include <vector>

#include "report_summary.h"

namespace driver {

std::vector<std::string> sentences(const std::vector<RunSummary>& runs);

}  // namespace driver

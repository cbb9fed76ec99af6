// What two configs have in common, and in what they differ.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace driver {

// Path of a field ("optimizer.learning_rate", "feedback.layer[0].rule") → value in text form.
using FlatConfig = std::map<std::string, std::string>;

// The resolved config of a run folder.
FlatConfig read_flat_config(const std::filesystem::path& folder);

struct Difference {
  std::string path;
  std::vector<std::string> values;  // one for each config; "" where the field is not set
};

// The fields that are not the same in all. Names, and fields that only say where something lies, are left out.
std::vector<Difference> differences(const std::vector<FlatConfig>& configs);

}  // namespace driver

// Pictures of bytes held whole in memory: what the readers of published data sets return, and what they share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace signsym {

struct Pictures {
  SampleShape shape;
  int64_t classes = 0;
  std::vector<uint8_t> pixels;  // one block: labels.size() × shape, CHW
  std::vector<uint8_t> labels;  // below `classes`
  std::vector<double> mean, std_deviation;
};

std::unique_ptr<Dataset> hold_in_memory(Pictures pictures);

// Throws not_found or bad_data where `folder` is none. `set` is the set's name in "signsym data get": "cifar10".
void check_data_folder(const std::filesystem::path& folder, const std::string& set);

// "get the data set with: signsym data get cifar10 DIR"
std::string how_to_get(const std::string& set);

}  // namespace signsym

// MNIST (LeCun et al. 1998): IDX files of 28 × 28 grey pictures, gzipped or plain.
#pragma once

#include <filesystem>
#include <memory>

#include "data/dataset.h"

namespace signsym {

// Training: train-images-idx3-ubyte[.gz] and train-labels-idx1-ubyte[.gz]; test: t10k-…. Any picture size and count.
// Errors: not_found, bad_data (wrong magic, truncated, trailing bytes, counts that differ, a label above 9).
std::unique_ptr<Dataset> open_mnist(const std::filesystem::path& folder, Split split);

}  // namespace signsym

// CIFAR-10, binary version (Krizhevsky 2009): records of 1 label byte and 3072 bytes (R, G, B planes of 32 × 32).
#pragma once

#include <filesystem>
#include <memory>

#include "data/dataset.h"

namespace signsym {

// Training: data_batch_*.bin in the order of their names; test: test_batch.bin. Any whole number of records a file.
// Errors: not_found (folder or files), bad_data (a part of a record, a label above 9; the file and record are named).
std::unique_ptr<Dataset> open_cifar10(const std::filesystem::path& folder, Split split);

}  // namespace signsym

#include "data/cifar10.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/pictures.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

constexpr SampleShape picture{3, 32, 32};
constexpr int64_t record_bytes = 1 + 3 * 32 * 32;
constexpr int64_t classes = 10;

// data_batch_*.bin, sorted.
std::vector<fs::path> training_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.filename().string().rfind("data_batch_", 0) == 0 && path.extension() == ".bin") files.push_back(path);
  }
  if (error) throw Error(Status::io, folder.string() + ": the folder cannot be read: " + in_words(error.value(), true));
  if (files.empty())
    throw Error(Status::not_found, folder.string() + ": no file data_batch_*.bin in it; " + how_to_get("cifar10"));
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> test_files(const fs::path& folder) {
  fs::path file = folder / "test_batch.bin";
  std::error_code error;
  if (fs::status(file, error).type() == fs::file_type::not_found)
    throw Error(Status::not_found, file.string() + ": no such file; " + how_to_get("cifar10"));
  return {file};
}

void append_records(const fs::path& file, Pictures& pictures) {
  const std::string bytes = read_file(file);
  const int64_t size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % record_bytes != 0)
    throw Error(Status::bad_data, file.string() + ": " + std::to_string(size) + " bytes: " +
                                      std::to_string(size / record_bytes) + " records and " +
                                      std::to_string(size % record_bytes) + " bytes; one or more whole records of " +
                                      std::to_string(record_bytes) + " bytes are expected; " + how_to_get("cifar10"));
  for (int64_t record = 0; record < size / record_bytes; ++record) {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data()) + record * record_bytes;
    if (data[0] >= classes)
      throw Error(Status::bad_data, file.string() + ": record " + std::to_string(record) + " (the first is 0): label " +
                                        std::to_string(data[0]) + ": 0 to 9 is expected; " + how_to_get("cifar10"));
    pictures.labels.push_back(data[0]);
    pictures.pixels.insert(pictures.pixels.end(), data + 1, data + record_bytes);
  }
}

}  // namespace

std::unique_ptr<Dataset> open_cifar10(const fs::path& folder, Split split) {
  check_data_folder(folder, "cifar10");
  const auto files = split == Split::train ? training_files(folder) : test_files(folder);
  Pictures pictures{picture, classes, {}, {}, {0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}};
  std::error_code ignored;  // what cannot be read is said when it is read
  uintmax_t bytes = 0;
  for (const auto& file : files) bytes += fs::is_regular_file(file, ignored) ? fs::file_size(file, ignored) : 0;
  if (bytes < UINTMAX_MAX / 2) pictures.pixels.reserve(bytes);
  for (const auto& file : files) append_records(file, pictures);
  return hold_in_memory(std::move(pictures));
}

}  // namespace signsym

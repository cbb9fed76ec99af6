#include "data/mnist.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/gzip.h"
#include "data/pictures.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;

constexpr int64_t classes = 10;

// folder/name, or folder/name.gz.
fs::path find_file(const fs::path& folder, const std::string& name) {
  std::error_code error;
  for (const char* ending : {"", ".gz"}) {
    fs::path file = folder / (name + ending);
    if (fs::status(file, error).type() != fs::file_type::not_found) return file;
  }
  throw Error(Status::not_found, (folder / name).string() + "[.gz]: no such file; " + how_to_get("mnist"));
}

std::string hex(uint32_t value) {
  char text[11];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

// The values of an IDX file of bytes: magic 0x000008DD with DD dimensions, then each extent, all big-endian.
template <size_t dimensions>
std::vector<uint8_t> read_idx(const fs::path& path, std::array<int64_t, dimensions>& extents) {
  GzipReader file(path, how_to_get("mnist"));
  const auto next_word = [&file] {
    uint8_t bytes[4];
    file.read(bytes, sizeof bytes);
    uint32_t word = 0;
    for (uint8_t byte : bytes) word = word << 8 | byte;
    return word;
  };
  const uint32_t expected = 0x0800 | dimensions;
  if (const uint32_t magic = next_word(); magic != expected)
    file.fail("magic number " + hex(magic) + ": " + hex(expected) + " is expected (IDX, bytes, " +
              std::to_string(dimensions) + (dimensions == 1 ? " dimension: labels)" : " dimensions: pictures)"));
  double count = 1;  // a double, since the product of three extents may pass 64 bits
  for (int64_t& extent : extents) {
    extent = next_word();
    count *= static_cast<double>(extent);
  }
  if (count == 0) file.fail("its header promises no data");
  if (count > file.bound()) file.fail("cut off: the header promises more bytes than the file can hold");
  std::vector<uint8_t> values(static_cast<size_t>(count));
  file.read(values.data(), values.size());
  file.finish();
  return values;
}

}  // namespace

std::unique_ptr<Dataset> open_mnist(const fs::path& folder, Split split) {
  check_data_folder(folder, "mnist");
  const std::string prefix = split == Split::train ? "train" : "t10k";
  const fs::path images_file = find_file(folder, prefix + "-images-idx3-ubyte");
  const fs::path labels_file = find_file(folder, prefix + "-labels-idx1-ubyte");

  std::array<int64_t, 3> images;
  std::array<int64_t, 1> labels;
  Pictures pictures;
  pictures.pixels = read_idx(images_file, images);
  pictures.labels = read_idx(labels_file, labels);
  if (images[0] != labels[0])
    throw Error(Status::bad_data, labels_file.string() + ": " + std::to_string(labels[0]) + " labels for the " +
                                      std::to_string(images[0]) + " pictures of " + images_file.string() + "; " +
                                      how_to_get("mnist"));
  const auto bad = std::find_if(pictures.labels.begin(), pictures.labels.end(), [](uint8_t l) { return l >= classes; });
  if (bad != pictures.labels.end())
    throw Error(Status::bad_data, labels_file.string() + ": record " + std::to_string(bad - pictures.labels.begin()) +
                                      " (the first is 0): label " + std::to_string(*bad) + ": 0 to 9 is expected; " +
                                      how_to_get("mnist"));
  pictures.shape = {1, images[1], images[2]};
  pictures.classes = classes;
  pictures.mean = {0.1307};
  pictures.std_deviation = {0.3081};
  return hold_in_memory(std::move(pictures));
}

}  // namespace signsym

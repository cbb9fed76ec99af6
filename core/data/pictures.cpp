#include "data/pictures.h"

#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace signsym {
namespace {

class HeldPictures final : public Dataset {
 public:
  explicit HeldPictures(Pictures pictures) : held_(std::move(pictures)) {}

  int64_t size() const override { return static_cast<int64_t>(held_.labels.size()); }
  int64_t classes() const override { return held_.classes; }
  SampleShape shape() const override { return held_.shape; }
  ElementType pixel_type() const override { return ElementType::u8; }
  Sample sample(int64_t index, void*) const override {
    return {held_.pixels.data() + index * held_.shape.size(), held_.labels[index]};
  }
  std::vector<double> mean() const override { return held_.mean; }
  std::vector<double> std_deviation() const override { return held_.std_deviation; }

 private:
  const Pictures held_;
};

}  // namespace

std::unique_ptr<Dataset> hold_in_memory(Pictures pictures) {
  return std::make_unique<HeldPictures>(std::move(pictures));
}

void check_data_folder(const std::filesystem::path& folder, const std::string& set) {
  std::error_code error;
  const auto status = std::filesystem::status(folder, error);
  if (status.type() == std::filesystem::file_type::not_found)
    throw Error(Status::not_found, folder.string() + ": no such folder; " + how_to_get(set));
  if (error) throw Error(Status::io, folder.string() + ": cannot be read: " + in_words(error.value(), true));
  if (status.type() != std::filesystem::file_type::directory)
    throw Error(Status::bad_data, folder.string() + ": a folder is expected, this is a file; give its folder");
}

std::string how_to_get(const std::string& set) { return "get the data set with: signsym data get " + set + " DIR"; }

}  // namespace signsym

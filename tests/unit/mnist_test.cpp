#include "data/mnist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>

#include "data_sets.h"
#include "permissions.h"
#include "scratch.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

std::string word(uint32_t value) {
  std::string bytes;
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

// Three pictures of 2 × 3, and their labels.
std::string images() {
  std::string bytes = word(0x803) + word(3) + word(2) + word(3);
  for (int i = 0; i < 18; ++i) bytes += static_cast<char>(200 + i);
  return bytes;
}
std::string labels() { return word(0x801) + word(3) + std::string("\x09\x00\x04", 3); }

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A folder with the two training files of these bytes; the ending is ".gz" or nothing.
class Folder {
 public:
  Folder(const std::string& images, const std::string& labels, const std::string& ending = "") {
    spill(scratch_ / ("train-images-idx3-ubyte" + ending), images);
    spill(scratch_ / ("train-labels-idx1-ubyte" + ending), labels);
  }
  std::unique_ptr<Dataset> open() const { return open_mnist(scratch_.path(), Split::train); }
  // The message; bad_data is expected.
  std::string error() const {
    const Error error = error_of([&] { open(); });
    EXPECT_EQ(error.status(), Status::bad_data) << error.what();
    EXPECT_THAT(error.what(), AllOf(HasSubstr(scratch_.path().string()), HasSubstr("signsym data get mnist DIR")));
    return error.what();
  }

 private:
  Scratch scratch_;
};

void expect_three_pictures(const Dataset& set) {
  ASSERT_EQ(set.size(), 3);
  EXPECT_EQ(set.classes(), 10);
  EXPECT_EQ(set.shape().channels, 1);
  EXPECT_EQ(set.shape().height, 2);
  EXPECT_EQ(set.shape().width, 3);
  EXPECT_EQ(label_of(set, 0), 9);
  EXPECT_EQ(label_of(set, 1), 0);
  EXPECT_EQ(label_of(set, 2), 4);
  for (int i = 0; i < 18; ++i) EXPECT_EQ(bytes_of(set, i / 6)[i % 6], 200 + i);
}

TEST(Mnist, Plain_and_gzipped_files_give_the_same_pictures) {
  expect_three_pictures(*Folder(images(), labels()).open());
  expect_three_pictures(*Folder(gzip(images()), gzip(labels()), ".gz").open());
  expect_three_pictures(*Folder(images(), labels(), ".gz").open());  // told apart by content, not by name
  expect_three_pictures(*Folder(gzip(images()), labels()).open());
}

TEST(Mnist, A_gzip_file_of_several_members_is_read_as_one) {
  for (size_t cut : {size_t{1}, size_t{16}, size_t{20}, images().size()})
    expect_three_pictures(
        *Folder(gzip(images().substr(0, cut)) + gzip(images().substr(cut)), gzip(labels()), ".gz").open());
}

TEST(Mnist, Pictures_that_shrink_a_thousandfold_are_read) {
  const std::string black = word(0x803) + word(2000) + word(28) + word(28) + std::string(2000 * 28 * 28, '\0');
  const std::string zeros = word(0x801) + word(2000) + std::string(2000, '\0');
  EXPECT_LT(gzip(black).size(), black.size() / 500);
  EXPECT_EQ(Folder(gzip(black), gzip(zeros), ".gz").open()->size(), 2000);
}

TEST(Mnist, The_test_split_reads_the_files_named_t10k) {
  Scratch scratch;
  spill(scratch / "t10k-images-idx3-ubyte", images());
  spill(scratch / "t10k-labels-idx1-ubyte.gz", gzip(labels()));
  expect_three_pictures(*open_mnist(scratch.path(), Split::test));
  EXPECT_EQ(error_of([&] { open_mnist(scratch.path(), Split::train); }).status(), Status::not_found);
}

TEST(Mnist, The_committed_set_is_counted_and_hashed) {
  const fs::path folder = fs::path(SIGNSYM_SOURCE_DIR) / "examples/data/mnist";
  const auto train = open_mnist(folder, Split::train);
  const auto test = open_mnist(folder, Split::test);
  EXPECT_EQ(train->size(), 60000);
  EXPECT_EQ(test->size(), 10000);
  EXPECT_EQ(train->shape().size(), 28 * 28);
  EXPECT_THAT(checksums(*train).of_class, ElementsAre(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949));
  EXPECT_THAT(checksums(*test).of_class, ElementsAre(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009));
  EXPECT_EQ(checksums(*train).pixels, 0xf3639b56u);
  EXPECT_EQ(checksums(*test).pixels, 0xe4ca5f57u);
  EXPECT_EQ(labels_checksum(*train), 0xba07e8efu);
  EXPECT_EQ(labels_checksum(*test), 0xee8604d9u);
  EXPECT_THAT(train->mean(), ElementsAre(0.1307));
  EXPECT_THAT(train->std_deviation(), ElementsAre(0.3081));
}

TEST(Mnist, A_file_cut_off_anywhere_is_an_error) {
  const std::string gz_images = gzip(images()), gz_labels = gzip(labels());
  for (size_t size = 0; size < images().size(); ++size) Folder(images().substr(0, size), labels()).error();
  for (size_t size = 0; size < labels().size(); ++size) Folder(images(), labels().substr(0, size)).error();
  for (size_t size = 0; size < gz_images.size(); ++size) Folder(gz_images.substr(0, size), gz_labels, ".gz").error();
  for (size_t size = 0; size < gz_labels.size(); ++size) Folder(gz_images, gz_labels.substr(0, size), ".gz").error();
  EXPECT_THAT(Folder(gz_images.substr(0, 30), gz_labels, ".gz").error(),
              AllOf(HasSubstr("train-images-idx3-ubyte.gz"), HasSubstr("cut off")));
}

TEST(Mnist, Bytes_after_the_end_are_an_error) {
  EXPECT_THAT(Folder(images() + "x", labels()).error(), HasSubstr("images-idx3-ubyte: bytes follow"));
  EXPECT_THAT(Folder(images(), labels() + '\0').error(), HasSubstr("labels-idx1-ubyte: bytes follow"));
  EXPECT_THAT(Folder(gzip(images() + "x"), labels()).error(), HasSubstr("bytes follow"));
  EXPECT_THAT(Folder(gzip(images()) + "x", labels()).error(), HasSubstr("bytes follow"));
  EXPECT_THAT(Folder(gzip(images()) + gzip("x"), labels()).error(), HasSubstr("bytes follow"));
}

TEST(Mnist, A_damaged_gzip_file_is_an_error_and_never_other_pictures) {
  const std::string good = gzip(images());
  int refused = 0;
  for (size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
      const Folder folder(damaged, labels());
      try {
        expect_three_pictures(*folder.open());  // a bit of the header that says nothing of the content, such as a time
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::bad_data);
        ++refused;
      }
    }
  EXPECT_GT(refused, static_cast<int>(8 * (good.size() - 10)) - 8);
  std::string checksum = good;
  checksum[good.size() - 8] = static_cast<char>(checksum[good.size() - 8] ^ 1);
  EXPECT_THAT(Folder(checksum, labels()).error(), HasSubstr("damaged: incorrect data check"));
}

TEST(Mnist, A_wrong_magic_number_is_an_error_that_gives_both) {
  std::string wrong = images();
  wrong[2] = 0x0d;
  EXPECT_THAT(Folder(wrong, labels()).error(), AllOf(HasSubstr("0x00000d03"), HasSubstr("0x00000803")));
  EXPECT_THAT(Folder(labels(), labels()).error(), AllOf(HasSubstr("0x00000801"), HasSubstr("0x00000803")));
  EXPECT_THAT(Folder(images(), images()).error(), HasSubstr("labels-idx1-ubyte: magic number 0x00000803"));
}

TEST(Mnist, A_header_that_promises_more_than_the_file_can_hold_takes_no_memory) {
  for (const std::string& extents : {word(0xffffffff) + word(0xffffffff) + word(0xffffffff),
                                     word(60000) + word(28000) + word(28000),
                                     word(0x10000) + word(0x10000) + word(3)}) {
    EXPECT_THAT(Folder(word(0x803) + extents + "pixels", labels()).error(), HasSubstr("header promises more"));
    EXPECT_THAT(Folder(gzip(word(0x803) + extents + "pixels"), labels()).error(), HasSubstr("header promises more"));
  }
}

TEST(Mnist, A_header_that_promises_nothing_is_an_error) {
  for (const std::string& extents :
       {word(0) + word(2) + word(3), word(3) + word(0) + word(3), word(3) + word(2) + word(0)})
    EXPECT_THAT(Folder(word(0x803) + extents, labels()).error(), HasSubstr("no data"));
  EXPECT_THAT(Folder(images(), word(0x801) + word(0)).error(), HasSubstr("no data"));
}

TEST(Mnist, Labels_for_another_number_of_pictures_are_an_error_that_gives_both_numbers) {
  const std::string error = Folder(images(), word(0x801) + word(2) + "\x01\x02").error();
  EXPECT_THAT(error, AllOf(HasSubstr("2 labels for the 3 pictures"), HasSubstr("train-images"),
                           HasSubstr("train-labels")));
}

TEST(Mnist, A_label_above_nine_is_an_error_that_names_the_record) {
  EXPECT_THAT(Folder(images(), word(0x801) + word(3) + "\x01\x0a\x02").error(),
              AllOf(HasSubstr("labels-idx1-ubyte: record 1 "), HasSubstr("label 10"), HasSubstr("0 to 9")));
}

TEST(Mnist, A_missing_file_or_folder_is_an_error_that_says_how_to_get_the_data) {
  Scratch scratch;
  const Error folder = error_of([&] { open_mnist(scratch / "none", Split::train); });
  EXPECT_EQ(folder.status(), Status::not_found);
  EXPECT_THAT(folder.what(), AllOf(HasSubstr("none"), HasSubstr("signsym data get mnist DIR")));
  spill(scratch / "train-images-idx3-ubyte", images());
  const Error file = error_of([&] { open_mnist(scratch.path(), Split::train); });
  EXPECT_EQ(file.status(), Status::not_found);
  EXPECT_THAT(file.what(), AllOf(HasSubstr("train-labels-idx1-ubyte[.gz]"), HasSubstr("signsym data get mnist DIR")));
}

TEST(Mnist, A_file_in_place_of_the_folder_and_a_folder_in_place_of_a_file_are_errors) {
  Scratch scratch;
  spill(scratch / "file", "x");
  EXPECT_THAT(error_of([&] { open_mnist(scratch / "file", Split::train); }).what(), HasSubstr("a folder is expected"));
  fs::create_directory(scratch / "train-images-idx3-ubyte");
  spill(scratch / "train-labels-idx1-ubyte", labels());
  EXPECT_THAT(error_of([&] { open_mnist(scratch.path(), Split::train); }).what(), HasSubstr("train-images-idx3-ubyte"));
}

TEST(Mnist, A_file_that_may_not_be_read_is_an_error_that_names_it) {
  Scratch scratch;
  spill(scratch / "train-images-idx3-ubyte", images());
  spill(scratch / "train-labels-idx1-ubyte", labels());
  const Forbidden forbidden(scratch / "train-labels-idx1-ubyte");
  if (!forbidden.works()) GTEST_SKIP() << "this user may read everything";
  const Error error = error_of([&] { open_mnist(scratch.path(), Split::train); });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_THAT(error.what(), HasSubstr("train-labels-idx1-ubyte"));
}

}  // namespace
}  // namespace signsym

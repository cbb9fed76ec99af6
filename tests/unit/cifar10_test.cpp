#include "data/cifar10.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "data_sets.h"
#include "permissions.h"
#include "scratch.h"

namespace signsym {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr size_t record_bytes = 3073;

std::string record(int label, uint8_t first_pixel) {
  std::string bytes(record_bytes, '\0');
  bytes[0] = static_cast<char>(label);
  for (size_t i = 1; i < record_bytes; ++i) bytes[i] = static_cast<char>(first_pixel + i - 1);
  return bytes;
}

TEST(Cifar10, Training_reads_all_batches_in_the_order_of_their_names) {
  Scratch scratch;
  spill(scratch / "data_batch_2.bin", record(7, 30));
  spill(scratch / "data_batch_1.bin", record(3, 10) + record(9, 20));
  spill(scratch / "test_batch.bin", record(1, 40));
  spill(scratch / "batches.meta.txt", "airplane\n");
  spill(scratch / "data_batch_3.bin.part", "half a file");
  const auto set = open_cifar10(scratch.path(), Split::train);
  ASSERT_EQ(set->size(), 3);
  EXPECT_EQ(set->classes(), 10);
  EXPECT_EQ(set->pixel_type(), ElementType::u8);
  EXPECT_EQ(set->shape().channels, 3);
  EXPECT_EQ(set->shape().height, 32);
  EXPECT_EQ(set->shape().width, 32);
  const int labels[] = {3, 9, 7};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(label_of(*set, i), labels[i]);
    EXPECT_EQ(std::memcmp(bytes_of(*set, i), record(0, static_cast<uint8_t>(10 + 10 * i)).data() + 1, 3072), 0) << i;
  }
}

TEST(Cifar10, The_test_split_is_the_test_batch_alone) {
  Scratch scratch;
  spill(scratch / "data_batch_1.bin", record(3, 10));
  spill(scratch / "test_batch.bin", record(1, 40) + record(0, 50));
  const auto set = open_cifar10(scratch.path(), Split::test);
  ASSERT_EQ(set->size(), 2);
  EXPECT_EQ(label_of(*set, 0), 1);
  EXPECT_EQ(bytes_of(*set, 1)[3071], static_cast<uint8_t>(50 + 3071));
}

TEST(Cifar10, Mean_and_deviation_are_given_for_each_channel) {
  Scratch scratch;
  spill(scratch / "test_batch.bin", record(1, 40));
  const auto set = open_cifar10(scratch.path(), Split::test);
  EXPECT_THAT(set->mean(), testing::ElementsAre(0.4914, 0.4822, 0.4465));
  EXPECT_THAT(set->std_deviation(), testing::ElementsAre(0.2470, 0.2435, 0.2616));
}

TEST(Cifar10, The_committed_part_is_counted_and_hashed) {
  const fs::path folder = fs::path(SIGNSYM_SOURCE_DIR) / "examples/data/cifar10";
  const auto train = open_cifar10(folder, Split::train);
  const auto test = open_cifar10(folder, Split::test);
  EXPECT_EQ(train->size(), 5000);
  EXPECT_EQ(test->size(), 2000);
  EXPECT_THAT(checksums(*train).of_class, Each(500));
  EXPECT_THAT(checksums(*test).of_class, Each(200));
  EXPECT_EQ(checksums(*train).pixels, 0x777a9e24u);
  EXPECT_EQ(checksums(*test).pixels, 0x50134ad8u);
  EXPECT_EQ(labels_checksum(*train), 0x56d03e1bu);
  EXPECT_EQ(labels_checksum(*test), 0xb1476148u);
}

TEST(Cifar10, The_whole_set_has_5000_and_1000_pictures_of_each_class) {
  const char* data = std::getenv("SIGNSYM_DATA");
  const fs::path folder = fs::path(data == nullptr ? "" : data) / "cifar-10-batches-bin";
  if (data == nullptr || !fs::is_directory(folder)) GTEST_SKIP() << "no cifar-10-batches-bin in $SIGNSYM_DATA";
  EXPECT_THAT(checksums(*open_cifar10(folder, Split::train)).of_class, Each(5000));
  EXPECT_THAT(checksums(*open_cifar10(folder, Split::test)).of_class, Each(1000));
}

// The error of a folder with one training file of these bytes.
Error error_of_file(const std::string& bytes) {
  Scratch scratch;
  spill(scratch / "data_batch_1.bin", record(0, 0));
  spill(scratch / "data_batch_2.bin", bytes);
  return error_of([&] { open_cifar10(scratch.path(), Split::train); });
}

TEST(Cifar10, A_file_that_is_no_whole_number_of_records_is_an_error_that_names_it) {
  const std::string two = record(0, 0) + record(1, 1);
  for (size_t size : {size_t{0}, size_t{1}, record_bytes - 1, record_bytes + 1, 2 * record_bytes - 1}) {
    const Error error = error_of_file(two.substr(0, size));
    EXPECT_EQ(error.status(), Status::bad_data) << size;
    EXPECT_THAT(error.what(), AllOf(HasSubstr("data_batch_2.bin: " + std::to_string(size) + " bytes"),
                                    HasSubstr("3073"), HasSubstr("signsym data get cifar10 DIR")));
  }
}

TEST(Cifar10, A_label_above_nine_is_an_error_that_names_the_record) {
  for (int label : {10, 128, 255}) {
    const Error error = error_of_file(record(9, 0) + record(0, 0) + record(label, 0) + record(1, 0));
    EXPECT_EQ(error.status(), Status::bad_data);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("data_batch_2.bin: record 2 "),
                                    HasSubstr("label " + std::to_string(label)), HasSubstr("0 to 9")));
  }
}

TEST(Cifar10, A_missing_folder_is_an_error_that_says_how_to_get_the_data) {
  Scratch scratch;
  for (Split split : {Split::train, Split::test}) {
    const Error error = error_of([&] { open_cifar10(scratch / "none", split); });
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_THAT(error.what(), AllOf(HasSubstr((scratch / "none").string()), HasSubstr("signsym data get cifar10 DIR")));
  }
}

TEST(Cifar10, A_folder_without_the_files_is_an_error_that_names_them) {
  Scratch scratch;
  const Error train = error_of([&] { open_cifar10(scratch.path(), Split::train); });
  EXPECT_EQ(train.status(), Status::not_found);
  EXPECT_THAT(train.what(), AllOf(HasSubstr("data_batch_*.bin"), HasSubstr("signsym data get cifar10 DIR")));
  const Error test = error_of([&] { open_cifar10(scratch.path(), Split::test); });
  EXPECT_EQ(test.status(), Status::not_found);
  EXPECT_THAT(test.what(), AllOf(HasSubstr("test_batch.bin"), HasSubstr("signsym data get cifar10 DIR")));
}

TEST(Cifar10, A_file_in_place_of_the_folder_is_an_error) {
  Scratch scratch;
  spill(scratch / "cifar.bin", record(0, 0));
  const Error error = error_of([&] { open_cifar10(scratch / "cifar.bin", Split::train); });
  EXPECT_EQ(error.status(), Status::bad_data);
  EXPECT_THAT(error.what(), HasSubstr("cifar.bin: a folder is expected"));
  const Error below = error_of([&] { open_cifar10(scratch / "cifar.bin/more", Split::train); });
  EXPECT_THAT(below.what(), HasSubstr("cifar.bin/more"));
}

TEST(Cifar10, A_folder_in_place_of_a_file_is_an_error_that_names_it) {
  Scratch scratch;
  fs::create_directory(scratch / "data_batch_1.bin");
  fs::create_directory(scratch / "test_batch.bin");
  EXPECT_THAT(error_of([&] { open_cifar10(scratch.path(), Split::train); }).what(), HasSubstr("data_batch_1.bin"));
  EXPECT_THAT(error_of([&] { open_cifar10(scratch.path(), Split::test); }).what(), HasSubstr("test_batch.bin"));
}

TEST(Cifar10, A_file_that_may_not_be_read_is_an_error_that_names_it) {
  Scratch scratch;
  spill(scratch / "data_batch_1.bin", record(0, 0));
  const Forbidden forbidden(scratch / "data_batch_1.bin");
  if (!forbidden.works()) GTEST_SKIP() << "this user may read everything";
  const Error error = error_of([&] { open_cifar10(scratch.path(), Split::train); });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_THAT(error.what(), HasSubstr((scratch / "data_batch_1.bin").string()));
}

TEST(Cifar10, A_folder_that_may_not_be_read_is_an_error_that_names_it_and_says_what_to_do) {
  Scratch scratch;
  fs::create_directory(scratch / "set");
  spill(scratch / "set/data_batch_1.bin", record(0, 0));
  const Forbidden forbidden(scratch / "set");
  if (!forbidden.works()) GTEST_SKIP() << "this user may read everything";
  for (Split split : {Split::train, Split::test}) {
    const Error error = error_of([&] { open_cifar10(scratch / "set", split); });
    EXPECT_EQ(error.status(), Status::io) << error.what();
    EXPECT_THAT(error.what(), AllOf(HasSubstr((scratch / "set").string()), HasSubstr("change its permissions")));
  }
}

}  // namespace
}  // namespace signsym

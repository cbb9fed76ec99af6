#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/error.h"
#include "file_size_limit.h"
#include "scratch.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(Status::ok, "no error was thrown");
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

// A user who may not write everywhere: root may, so it steps down for a while.
class PlainUser {
 public:
  PlainUser() : was_(::geteuid()) {
    if (was_ == 0 && ::seteuid(65534) != 0) able_ = false;
  }
  ~PlainUser() {
    if (was_ == 0 && ::seteuid(0) != 0) std::abort();
  }
  bool able() const { return able_; }

 private:
  uid_t was_;
  bool able_ = true;
};

// A disk of its own, of 64 KiB.
class TinyDisk {
 public:
  explicit TinyDisk(const fs::path& at) : at_(at) {
    fs::create_directory(at);
    able_ = ::mount("none", at.c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  ~TinyDisk() {
    if (able_) ::umount(at_.c_str());
  }
  bool able() const { return able_; }

 private:
  fs::path at_;
  bool able_;
};

TEST(File, Reads_back_what_was_written) {
  Scratch scratch;
  std::string zero("a\0b\n", 4), large(3'000'000, 'x');
  write_file(scratch / "f", {zero, "", large, "end"});
  EXPECT_EQ(read_file(scratch / "f"), zero + large + "end");
  write_file(scratch / "empty", {});
  EXPECT_EQ(read_file(scratch / "empty"), "");
  EXPECT_THAT(names_in(scratch.path()), UnorderedElementsAre("f", "empty"));
}

TEST(File, Reads_what_has_no_size) { EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Name:")); }

TEST(File, A_missing_file_is_an_error_that_names_it) {
  Error error = error_of([] { read_file("/no/such/file"); });
  EXPECT_EQ(error.status(), Status::not_found);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("/no/such/file"), HasSubstr("correct the path")));
}

TEST(File, A_folder_in_place_of_a_file_is_an_error_and_stays) {
  Scratch scratch;
  fs::create_directory(scratch / "folder");
  for (Error error : {error_of([&] { read_file(scratch / "folder"); }),
                      error_of([&] { write_file(scratch / "folder", {"x"}); })}) {
    EXPECT_EQ(error.status(), Status::io);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("folder"), HasSubstr("a file is expected")));
  }
  EXPECT_THAT(names_in(scratch.path()), UnorderedElementsAre("folder"));
}

TEST(File, A_missing_folder_is_an_error_that_says_to_create_it) {
  Scratch scratch;
  Error error = error_of([&] { write_file(scratch / "none" / "f", {"x"}); });
  EXPECT_EQ(error.status(), Status::not_found);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("none/f"), HasSubstr("create its folder")));
}

TEST(File, A_file_where_a_folder_should_be_is_an_error) {
  Scratch scratch;
  spill(scratch / "f", "x");
  EXPECT_EQ(error_of([&] { write_file(scratch / "f" / "g", {"x"}); }).status(), Status::io);
  EXPECT_EQ(error_of([&] { read_file(scratch / "f" / "g"); }).status(), Status::io);
}

TEST(File, A_folder_without_write_permission_is_an_error_that_says_what_to_do) {
  Scratch scratch;
  spill(scratch / "f", "old");
  fs::permissions(scratch.path(), fs::perms(0555));
  Error error(Status::ok, "");
  {
    PlainUser user;
    if (!user.able()) GTEST_SKIP() << "root cannot step down here, and may write everywhere";
    error = error_of([&] { write_file(scratch / "f", {"new"}); });
  }
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("Permission denied"), HasSubstr("choose another folder")));
  EXPECT_EQ(slurp(scratch / "f"), "old");
}

TEST(File, An_unreadable_file_is_an_error) {
  Scratch scratch;
  spill(scratch / "f", "secret");
  fs::permissions(scratch.path(), fs::perms(0755));
  fs::permissions(scratch / "f", fs::perms(0));
  PlainUser user;
  if (!user.able()) GTEST_SKIP() << "root cannot step down here, and may read everything";
  EXPECT_EQ(error_of([&] { read_file(scratch / "f"); }).status(), Status::io);
}

TEST(File, The_old_file_survives_a_full_disk) {
  Scratch scratch;
  TinyDisk disk(scratch / "disk");
  if (!disk.able()) GTEST_SKIP() << "no tiny disk can be mounted here";
  fs::path file = scratch / "disk" / "f";
  write_file(file, {"old"});
  Error error = error_of([&] { write_file(file, {std::string(100'000, 'x')}); });
  EXPECT_EQ(error.status(), Status::io);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("disk/f"), HasSubstr("No space left"), HasSubstr("free some space")));
  EXPECT_EQ(slurp(file), "old");
  EXPECT_THAT(names_in(scratch / "disk"), UnorderedElementsAre("f"));
  write_file(file, {std::string(20'000, 'y')});
  EXPECT_EQ(fs::file_size(file), 20'000u);
}

TEST(File, The_old_file_survives_a_limit_of_file_sizes) {
  Scratch scratch;
  write_file(scratch / "f", {"old"});
  {
    FileSizeLimit limit(1000);
    Error error = error_of([&] { write_file(scratch / "f", {std::string(600, 'x'), std::string(600, 'y')}); });
    EXPECT_EQ(error.status(), Status::io);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("File too large"), HasSubstr("ulimit -f")));
  }
  EXPECT_EQ(slurp(scratch / "f"), "old");
  EXPECT_THAT(names_in(scratch.path()), UnorderedElementsAre("f"));
}

TEST(File, A_part_left_by_an_ended_process_is_in_nobodys_way) {
  Scratch scratch;
  spill(scratch / "f.part", "half of something much longer");
  write_file(scratch / "f", {"new"});
  EXPECT_EQ(slurp(scratch / "f"), "new");
  EXPECT_THAT(names_in(scratch.path()), UnorderedElementsAre("f"));
}

TEST(File, A_reader_sees_the_old_file_or_the_new_one_and_nothing_between) {
  Scratch scratch;
  const std::string a(200'000, 'a'), b(100'000, 'b');
  write_file(scratch / "f", {a});
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) write_file(scratch / "f", {i % 2 ? a : b});
  });
  for (int i = 0; i < 200; ++i) {
    std::string seen = read_file(scratch / "f");
    EXPECT_TRUE(seen == a || seen == b) << seen.size() << " bytes, first " << seen.substr(0, 1);
  }
  writer.join();
}

TEST(File, Of_several_writers_has_the_bytes_of_one_and_none_of_them_fails) {
  Scratch scratch;
  const std::string a(300'000, 'a'), b(100'000, 'b');
  std::vector<std::thread> writers;
  for (const std::string* text : {&a, &b, &a, &b})
    writers.emplace_back([&scratch, text] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_NO_THROW(write_file(scratch / "f", {*text}));
        const std::string seen = read_file(scratch / "f");
        EXPECT_TRUE(seen == std::string(300'000, 'a') || seen == std::string(100'000, 'b')) << seen.size() << " bytes";
      }
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_THAT(names_in(scratch.path()), UnorderedElementsAre("f"));
}

TEST(File, That_another_writer_has_for_ten_seconds_is_busy_and_the_old_file_stays) {
  Scratch scratch;
  spill(scratch / "f", "old");
  const int part = ::open((scratch / "f.part").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_EQ(::flock(part, LOCK_EX), 0);
  const Error error = error_of([&] { write_file(scratch / "f", {"new"}); });
  ::close(part);
  EXPECT_EQ(error.status(), Status::busy);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("f.part"), HasSubstr("another writer")));
  EXPECT_EQ(slurp(scratch / "f"), "old");
}

TEST(File, Is_written_beside_the_working_folder_too) {
  Scratch scratch;
  fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  write_file("f", {"x"});
  fs::current_path(before);
  EXPECT_EQ(slurp(scratch / "f"), "x");
}

}  // namespace
}  // namespace signsym

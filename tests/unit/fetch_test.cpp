#include "fetch.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "commands.h"
#include "disk.h"
#include "scratch.h"

namespace driver {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// fetch_server.py, ended with this object.
class Server {
 public:
  explicit Server(const fs::path& folder) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execlp("python3", "python3", SIGNSYM_SOURCE_DIR "/tests/unit/fetch_server.py", folder.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    FILE* lines = ::fdopen(out[0], "r");
    const bool good = std::fscanf(lines, "%d %d", &port_, &tls_port_) == 2;
    std::fclose(lines);
    if (!good) throw std::runtime_error("python3 tests/unit/fetch_server.py did not start");
  }
  ~Server() {
    ::close(stdin_);
    ::waitpid(process_, nullptr, 0);
  }

  std::string address(const std::string& manner) const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/" + manner + "/";
  }
  bool has_tls() const { return tls_port_ != 0; }

 private:
  pid_t process_ = -1;
  int stdin_ = -1, port_ = 0, tls_port_ = 0;
};

struct Entry {
  std::string path, bytes;
  unsigned type = AE_IFREG;
  std::string link = {};
};

// A .tar.gz of these.
void make_archive(const fs::path& path, const std::vector<Entry>& entries) {
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_ustar(writer);
  archive_write_open_filename(writer, path.c_str());
  for (const Entry& e : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, e.path.c_str());
    archive_entry_set_filetype(entry, e.type);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(e.bytes.size()));
    if (e.type == AE_IFLNK) archive_entry_set_symlink(entry, e.link.c_str());
    else if (!e.link.empty()) archive_entry_set_hardlink(entry, e.link.c_str());
    ASSERT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
    archive_write_data(writer, e.bytes.data(), e.bytes.size());
    archive_entry_free(entry);
  }
  ASSERT_EQ(archive_write_close(writer), ARCHIVE_OK);
  archive_write_free(writer);
}

std::string some_bytes(size_t count, unsigned seed) {
  std::string bytes;
  for (unsigned x = seed; bytes.size() < count; x = x * 1664525 + 1013904223) bytes += static_cast<char>(x >> 24);
  return bytes;
}

template <class Call>
Failure failure_of(Call call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure;
  }
  return Failure(exit_done, "nothing failed");
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

class Fetch : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    served = new Scratch;
    server = new Server(served->path());
    spill(*served / "a.gz", some_bytes(100'000, 1));
    spill(*served / "b.gz", some_bytes(1'000, 2));
    make_archive(*served / "set.tar.gz", {{"set/", "", AE_IFDIR},
                                          {"set/one.bin", some_bytes(50'000, 3)},
                                          {"set/readme", "hello"},
                                          {"set/two.bin", some_bytes(100, 4)}});
  }
  static void TearDownTestSuite() {
    delete server;
    delete served;
  }
  void SetUp() override { fs::remove(*served / "requests"); }

  static RemoteFile remote(const std::string& name) {
    return {name, md5_of(*served / name), size_of_file(*served / name)};
  }
  static Source two_files(const std::string& manner) {
    return {"Two files", server->address(manner), {remote("a.gz"), remote("b.gz")}, {}};
  }
  static Source packed(const std::string& manner) {
    return {"Packed", server->address(manner), {remote("set.tar.gz")}, {{"set/one.bin", 50'000}, {"set/two.bin", 100}}};
  }
  static Patience hasty() {
    Patience patience;
    patience.pause_seconds = 0;
    patience.stall_seconds = 2;
    return patience;
  }
  bool get(const Source& source) {
    return fetch(source, folder(), hasty(), [](int64_t, int64_t) { return true; });
  }
  Failure failure(const Source& source) {
    return failure_of([&] { get(source); });
  }
  fs::path folder() const { return scratch_ / "data"; }
  std::string here(const std::string& name) const { return slurp(folder() / name); }
  static std::string there(const std::string& name) { return slurp(*served / name); }
  static std::string requests() { return slurp(*served / "requests"); }

  static Scratch* served;
  static Server* server;
  Scratch scratch_;
};
Scratch* Fetch::served;
Server* Fetch::server;

TEST(Md5, Is_that_of_the_bytes) {
  Scratch scratch;
  spill(scratch / "empty", "");
  spill(scratch / "abc", "abc");
  EXPECT_EQ(md5_of(scratch / "empty"), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_of(scratch / "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5_of(scratch / "none"), "");
}

TEST_F(Fetch, Brings_files_that_are_kept_as_they_are) {
  EXPECT_FALSE(is_complete(two_files("good"), folder()));
  EXPECT_TRUE(get(two_files("good")));
  EXPECT_EQ(here("a.gz"), there("a.gz"));
  EXPECT_EQ(here("b.gz"), there("b.gz"));
  EXPECT_THAT(names_in(folder()), UnorderedElementsAre("a.gz", "b.gz"));
  EXPECT_TRUE(is_complete(two_files("good"), folder()));
}

TEST_F(Fetch, Unpacks_what_is_wanted_of_an_archive_and_nothing_else) {
  EXPECT_FALSE(is_complete(packed("good"), folder()));
  EXPECT_TRUE(get(packed("good")));
  EXPECT_EQ(here("one.bin"), some_bytes(50'000, 3));
  EXPECT_EQ(here("two.bin"), some_bytes(100, 4));
  EXPECT_THAT(names_in(folder()), UnorderedElementsAre("one.bin", "two.bin"));
  EXPECT_TRUE(is_complete(packed("good"), folder()));
}

TEST_F(Fetch, Fetches_only_the_file_that_is_missing_or_damaged) {
  get(two_files("good"));
  spill(folder() / "b.gz", "damaged");
  fs::remove(*served / "requests");
  EXPECT_FALSE(is_complete(two_files("good"), folder()));
  EXPECT_TRUE(get(two_files("good")));
  EXPECT_EQ(requests(), "/good/b.gz \n");
  EXPECT_EQ(here("b.gz"), there("b.gz"));
}

TEST_F(Fetch, Is_not_complete_while_a_member_is_missing_or_too_short) {
  get(packed("good"));
  fs::resize_file(folder() / "one.bin", 49'999);
  EXPECT_FALSE(is_complete(packed("good"), folder()));
  fs::remove(folder() / "one.bin");
  EXPECT_FALSE(is_complete(packed("good"), folder()));
}

TEST_F(Fetch, An_address_needs_no_slash_at_its_end) {
  Source source = two_files("good");
  source.address.pop_back();
  EXPECT_TRUE(get(source));
}

TEST_F(Fetch, Tells_how_far_it_is) {
  std::vector<int64_t> seen;
  fetch(two_files("good"), folder(), hasty(), [&](int64_t bytes, int64_t of) {
    EXPECT_EQ(of, 101'000);
    seen.push_back(bytes);
    return true;
  });
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 101'000);
}

TEST_F(Fetch, Goes_on_after_each_break_of_the_connection) {
  EXPECT_TRUE(get(packed("cut")));
  EXPECT_EQ(here("one.bin"), some_bytes(50'000, 3));
  EXPECT_THAT(requests(), HasSubstr("/cut/set.tar.gz bytes=" + std::to_string((remote("set.tar.gz").bytes + 1) / 2)));
}

TEST_F(Fetch, Goes_on_after_a_break_that_no_length_betrays) {
  EXPECT_TRUE(get(two_files("cut_without_length")));
  EXPECT_EQ(here("a.gz"), there("a.gz"));
  EXPECT_THAT(requests(), HasSubstr("/cut_without_length/a.gz bytes=50000-"));
}

TEST_F(Fetch, A_later_call_goes_on_where_an_earlier_one_gave_up) {
  Failure broken = failure(two_files("cut_at_half"));
  EXPECT_EQ(broken.exit_code(), exit_failed);
  EXPECT_THAT(broken.what(), AllOf(HasSubstr("50000 of 100000 bytes"), HasSubstr("the same command goes on")));
  EXPECT_EQ(here("a.gz.part"), there("a.gz").substr(0, 50'000));
  fs::remove(*served / "requests");
  EXPECT_TRUE(get(two_files("good")));
  EXPECT_THAT(requests(), HasSubstr("/good/a.gz bytes=50000-"));
  EXPECT_EQ(here("a.gz"), there("a.gz"));
  EXPECT_THAT(names_in(folder()), UnorderedElementsAre("a.gz", "b.gz"));
}

TEST_F(Fetch, Begins_again_where_the_server_sends_no_parts) {
  failure(two_files("cut_at_half"));
  EXPECT_TRUE(get(two_files("no_range")));
  EXPECT_EQ(here("a.gz"), there("a.gz"));
}

TEST_F(Fetch, Gives_up_where_the_connection_breaks_each_time_at_the_same_place) {
  EXPECT_THAT(failure(two_files("cut_and_no_range")).what(), HasSubstr("the connection broke"));
  const std::string log = requests();
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 4);
}

TEST_F(Fetch, A_part_that_is_whole_already_needs_no_server) {
  fs::create_directories(folder());
  spill(folder() / "set.tar.gz.part", there("set.tar.gz"));
  EXPECT_TRUE(get(packed("missing")));
  EXPECT_EQ(requests(), "");
  EXPECT_THAT(names_in(folder()), UnorderedElementsAre("one.bin", "two.bin"));
}

TEST_F(Fetch, A_part_that_is_too_long_is_begun_again) {
  fs::create_directories(folder());
  spill(folder() / "a.gz.part", std::string(200'000, 'x'));
  EXPECT_TRUE(get(two_files("good")));
  EXPECT_EQ(here("a.gz"), there("a.gz"));
}

TEST_F(Fetch, An_archive_that_its_owner_put_there_is_unpacked_and_stays) {
  fs::create_directories(folder());
  spill(folder() / "set.tar.gz", there("set.tar.gz"));
  EXPECT_TRUE(get(packed("good")));
  EXPECT_EQ(requests(), "");
  EXPECT_THAT(names_in(folder()), UnorderedElementsAre("set.tar.gz", "one.bin", "two.bin"));
}

TEST_F(Fetch, A_file_with_a_wrong_MD5_is_removed_and_both_sums_are_named) {
  Failure wrong = failure(two_files("wrong"));
  EXPECT_EQ(wrong.exit_code(), exit_failed);
  EXPECT_THAT(wrong.what(), AllOf(HasSubstr("/wrong/a.gz"), HasSubstr(md5_of(*served / "a.gz")), HasSubstr("removed"),
                                  HasSubstr("--from")));
  EXPECT_TRUE(fs::is_empty(folder()));
  EXPECT_TRUE(get(two_files("good")));
}

TEST_F(Fetch, A_part_of_another_file_is_found_out_by_the_MD5) {
  fs::create_directories(folder());
  spill(folder() / "a.gz.part", std::string(500, 'x'));
  EXPECT_THAT(failure(two_files("good")).what(), HasSubstr("MD5"));
  EXPECT_TRUE(get(two_files("good")));
}

TEST_F(Fetch, A_file_with_a_wrong_MD5_leaves_the_old_data_alone) {
  get(packed("good"));
  fs::remove(folder() / "two.bin");
  failure(packed("wrong"));
  EXPECT_EQ(here("one.bin"), some_bytes(50'000, 3));
  EXPECT_THAT(names_in(folder()), ElementsAre("one.bin"));
}

TEST_F(Fetch, A_page_in_place_of_the_file_is_refused_by_its_length) {
  EXPECT_THAT(failure(two_files("shorter")).what(), AllOf(HasSubstr("has 27 bytes"), HasSubstr("100000")));
}

TEST_F(Fetch, A_server_that_sends_without_end_is_stopped) {
  EXPECT_THAT(failure(two_files("endless")).what(), HasSubstr("more than the 100000 bytes"));
  EXPECT_LE(size_of_file(folder() / "a.gz.part"), 100'000);
}

TEST_F(Fetch, A_part_that_was_not_asked_for_is_refused) {
  EXPECT_THAT(failure(two_files("other_part")).what(), HasSubstr("another part"));
  EXPECT_THAT(failure(two_files("no_place")).what(), HasSubstr("another part"));
}

TEST_F(Fetch, Names_address_and_status_where_the_server_refuses) {
  Source none = two_files("good");
  none.files[0].name = "none.gz";
  EXPECT_THAT(failure(none).what(), AllOf(HasSubstr("/good/none.gz"), HasSubstr("404"), HasSubstr("check the address")));
  EXPECT_THAT(failure(two_files("forbidden")).what(), HasSubstr("403"));
}

TEST_F(Fetch, Tries_a_busy_server_three_times) {
  EXPECT_THAT(failure(two_files("busy")).what(), HasSubstr("503"));
  EXPECT_EQ(requests(), "/busy/a.gz \n/busy/a.gz \n/busy/a.gz \n");
}

TEST_F(Fetch, Does_not_wait_for_a_server_that_says_next_to_nothing) {
  Failure stalled = failure(two_files("slow"));
  EXPECT_EQ(stalled.exit_code(), exit_failed);
  EXPECT_THAT(stalled.what(), AllOf(HasSubstr("under 1 kB/s for 2 s"), HasSubstr("the same command goes on")));
  EXPECT_GT(size_of_file(folder() / "a.gz.part"), 0);
  EXPECT_TRUE(get(two_files("good")));
}

TEST_F(Fetch, Is_stopped_and_goes_on_later) {
  EXPECT_FALSE(fetch(two_files("slow"), folder(), hasty(), [](int64_t bytes, int64_t) { return bytes < 3; }));
  const auto size = size_of_file(folder() / "a.gz.part");
  EXPECT_GE(size, 3);
  fs::remove(*served / "requests");
  EXPECT_TRUE(get(two_files("good")));
  EXPECT_THAT(requests(), HasSubstr("/good/a.gz bytes=" + std::to_string(size) + "-"));
}

TEST_F(Fetch, Follows_no_redirect_to_http_or_to_a_file) {
  EXPECT_THAT(failure(two_files("to_http")).what(), HasSubstr("https alone"));
  EXPECT_EQ(requests(), "/to_http/a.gz \n");
  EXPECT_THAT(failure(two_files("to_file")).what(), HasSubstr("https alone"));
}

TEST_F(Fetch, Follows_a_redirect_to_https_and_trusts_no_unknown_certificate) {
  if (!server->has_tls()) GTEST_SKIP() << "no openssl command to make a certificate";
  EXPECT_THAT(failure(two_files("to_https")).what(), AllOf(HasSubstr("certificate"), HasSubstr("check the clock")));
}

TEST_F(Fetch, Fetches_from_the_web_alone) {
  Source source = two_files("good");
  source.address = "file://" + served->path().string();
  EXPECT_THAT(failure(source).what(), HasSubstr("only http and https"));
  source.address = "no address";
  EXPECT_EQ(failure(source).exit_code(), exit_usage);
}

TEST_F(Fetch, Says_that_nobody_answers) {
  Source source = two_files("good");
  source.address = "http://127.0.0.1:1/";
  EXPECT_THAT(failure(source).what(), HasSubstr("check the network"));
  source.address = "http://no-such-host.invalid/";
  EXPECT_THAT(failure(source).what(), HasSubstr("check the network"));
}

TEST_F(Fetch, One_process_at_a_time_works_in_a_folder) {
  fs::create_directories(folder());
  const int other = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_THAT(failure(two_files("good")).what(), HasSubstr("another `signsym data get`"));
  ::close(other);
  EXPECT_TRUE(get(two_files("good")));
}

TEST_F(Fetch, A_file_where_the_folder_should_be_is_an_error) {
  spill(folder(), "x");
  EXPECT_EQ(failure(two_files("good")).exit_code(), exit_file);
  EXPECT_EQ(slurp(folder()), "x");
}

TEST_F(Fetch, A_folder_in_place_of_the_file_is_an_error) {
  fs::create_directories(folder() / "a.gz");
  EXPECT_EQ(failure(two_files("good")).exit_code(), exit_file);
}

TEST_F(Fetch, What_the_disk_refuses_keeps_what_came_before) {
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{40'000, old.rlim_max};
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  Failure full = failure(two_files("good"));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(full.exit_code(), exit_file);
  EXPECT_THAT(full.what(), AllOf(HasSubstr("a.gz.part"), HasSubstr("File too large")));
  EXPECT_TRUE(get(two_files("good")));
  EXPECT_THAT(requests(), HasSubstr("/good/a.gz bytes=40000-"));
}

class Unpack : public testing::Test {
 protected:
  // The failure of unpacking an archive of these; "" is good.
  std::string unpacked(const std::vector<Entry>& entries) {
    make_archive(scratch_ / "x.tar.gz", entries);
    return unpacked();
  }
  std::string unpacked() {
    fs::create_directories(folder());
    try {
      unpack(scratch_ / "x.tar.gz", {{"set/one", 3}}, folder());
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.exit_code(), exit_file);
      EXPECT_THAT(failure.what(), HasSubstr("x.tar.gz"));
      return failure.what();
    }
    return "";
  }
  fs::path folder() const { return scratch_ / "out"; }

  Scratch scratch_;
};

TEST_F(Unpack, Takes_the_known_file_alone) {
  EXPECT_EQ(unpacked({{"../evil", "bad"}, {"/tmp/signsym-evil", "bad"}, {"set/../../evil", "bad"}, {"one", "bad"},
                      {"set/one", "yes"}, {"evil/set/one", "bad"}, {"set/link", "", AE_IFLNK, "/etc"},
                      {"set/one/../two", "bad"}}),
            "");
  EXPECT_THAT(names_in(folder()), ElementsAre("one"));
  EXPECT_EQ(slurp(folder() / "one"), "yes");
  EXPECT_THAT(names_in(scratch_.path()), UnorderedElementsAre("x.tar.gz", "out"));
  EXPECT_FALSE(fs::exists("/tmp/signsym-evil"));
}

TEST_F(Unpack, A_link_or_folder_under_the_known_name_is_refused) {
  for (const Entry& entry : {Entry{"set/one", "", AE_IFLNK, "/etc/passwd"}, Entry{"set/one", "", AE_IFREG, "/etc/passwd"},
                             Entry{"set/one", "", AE_IFIFO}}) {
    EXPECT_THAT(unpacked({entry}), HasSubstr("no regular file"));
    EXPECT_TRUE(fs::is_empty(folder()));
  }
}

TEST_F(Unpack, A_missing_or_repeated_file_or_one_of_another_size_is_refused) {
  EXPECT_THAT(unpacked({}), HasSubstr("missing"));
  EXPECT_THAT(unpacked({{"set/one", "yes"}, {"set/one", "not"}}), HasSubstr("twice"));
  EXPECT_THAT(unpacked({{"set/one", "four"}}), HasSubstr("has 4 bytes in it, and 3 are expected"));
  EXPECT_TRUE(fs::is_empty(folder()));
}

TEST_F(Unpack, A_damaged_archive_is_refused_and_leaves_the_old_file) {
  fs::create_directories(folder());
  spill(folder() / "one", "old");
  make_archive(scratch_ / "x.tar.gz", {{"set/zero", some_bytes(10'000, 5)}, {"set/one", "new"}});
  const std::string good = slurp(scratch_ / "x.tar.gz");
  for (const std::string& bytes : {std::string(), std::string("no archive at all"), good.substr(0, good.size() / 2),
                                   good.substr(0, 15)}) {
    spill(scratch_ / "x.tar.gz", bytes);
    EXPECT_NE(unpacked(), "") << bytes.size();
    EXPECT_THAT(names_in(folder()), ElementsAre("one"));
    EXPECT_EQ(slurp(folder() / "one"), "old");
  }
  fs::remove(scratch_ / "x.tar.gz");
  EXPECT_NE(unpacked(), "");
}

TEST(Published, Sources_have_https_addresses_and_whole_sums) {
  for (const Source& source : {cifar10_source(), mnist_source()}) {
    EXPECT_EQ(source.address.rfind("https://", 0), 0u);
    for (const RemoteFile& file : source.files) {
      EXPECT_EQ(file.md5.size(), 32u);
      EXPECT_EQ(file.md5.find_first_not_of("0123456789abcdef"), std::string::npos);
      EXPECT_GT(file.bytes, 0);
    }
  }
}

}  // namespace
}  // namespace driver

#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <set>

#include "commands.h"
#include "disk.h"

namespace driver {

namespace {

namespace fs = std::filesystem;

struct Free {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

fs::path part_of(const Member& member, const fs::path& folder) { return folder / (member.name() + ".part"); }

// An archive, entry after entry.
class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path), reader_(archive_read_new()) {
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open_filename(reader_.get(), path.c_str(), 1 << 18) != ARCHIVE_OK) fail(reason());
  }

  // nullptr at the end.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(reader_.get(), &entry);
    if (code == ARCHIVE_EOF) return nullptr;
    if (code != ARCHIVE_OK) fail(reason());
    return entry;
  }

  void write(archive_entry* entry, const Member& member, const fs::path& to) {
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      fail(member.path + " is no regular file in it");
    }
    if (archive_entry_size(entry) != member.bytes) {
      fail(member.path + " has " + std::to_string(archive_entry_size(entry)) + " bytes in it, and " +
           std::to_string(member.bytes) + " are expected");
    }
    GrowingFile out(to, GrowingFile::Begin::empty);
    std::vector<char> buffer(1 << 18);
    while (const la_ssize_t size = archive_read_data(reader_.get(), buffer.data(), buffer.size())) {
      if (size < 0) fail(reason());
      out.append(buffer.data(), static_cast<size_t>(size));
    }
    out.flush();
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Failure(exit_file, path_.string() + ": cannot be unpacked: " + what + ": remove it and run the command again");
  }

 private:
  std::string reason() const {
    const char* text = archive_error_string(reader_.get());
    return text != nullptr ? text : "not a .tar.gz";
  }

  const fs::path path_;
  std::unique_ptr<archive, Free> reader_;
};

void unpack_parts(const fs::path& archive, const std::vector<Member>& members, const fs::path& folder) {
  Reader reader(archive);
  std::set<std::string> found;
  while (archive_entry* entry = reader.next()) {
    const char* path = archive_entry_pathname(entry);
    const auto member = std::find_if(members.begin(), members.end(),
                                     [&](const Member& m) { return path != nullptr && m.path == path; });
    if (member == members.end()) continue;
    if (!found.insert(member->path).second) reader.fail(member->path + " stands twice in it");
    reader.write(entry, *member, part_of(*member, folder));
  }
  for (const Member& member : members) {
    if (found.count(member.path) == 0) reader.fail(member.path + " is missing in it");
  }
}

}  // namespace

void unpack(const fs::path& archive, const std::vector<Member>& members, const fs::path& folder) {
  try {
    unpack_parts(archive, members, folder);
  } catch (...) {
    std::error_code ignored;
    for (const Member& member : members) fs::remove(part_of(member, folder), ignored);
    throw;
  }
  for (const Member& member : members) rename_file(part_of(member, folder), folder / member.name());
}

}  // namespace driver

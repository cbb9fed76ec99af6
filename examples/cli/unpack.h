// Known files out of a .tar.gz, and nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace driver {

struct Member {
  std::string path;  // in the archive; its last part is the file's name
  int64_t bytes = 0;

  std::string name() const { return std::filesystem::path(path).filename().string(); }
};

// Writes each member to folder/name. All of them are unpacked before the first takes its name. What else the archive
// holds is left out: no path of it is ever used. Throws Failure.
void unpack(const std::filesystem::path& archive, const std::vector<Member>& members,
            const std::filesystem::path& folder);

}  // namespace driver

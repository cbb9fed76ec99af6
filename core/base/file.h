// The one place where files are read whole and written: a write is seen whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace signsym {

// The whole file. Errors name the path: not_found, io.
std::string read_file(const std::filesystem::path& path);

// Writes path.part, fsync, rename, fsync of the folder: after a power cut the old file or the new one is there.
// The parts are written one after the other. On failure the .part file is removed and the old file is untouched. Of
// several writers of one path the last one's bytes stay; each waits for the others, ten seconds at most (busy).
void write_file(const std::filesystem::path& path, const std::vector<std::string_view>& parts);

// What the system said (an errno), in words, and what to do: "No space left on device: free some space, or …".
std::string in_words(int error, bool reading = false);

}  // namespace signsym

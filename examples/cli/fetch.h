// A published data set, brought into a folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "download.h"
#include "unpack.h"

namespace driver {

struct Source {
  std::string title;            // "CIFAR-10"
  std::string address;          // the folder on the web that holds the files
  std::vector<RemoteFile> files;
  std::vector<Member> members;  // what is unpacked from the one file, a .tar.gz; empty: the files are kept as they are
};

// As the authors publish it.
Source cifar10_source();
Source mnist_source();

// Bytes that are there of those to be fetched; false stops.
using OnFetched = std::function<bool(int64_t bytes, int64_t of)>;

// Whether all of it lies in the folder: the archive's members by their size, files that are kept by their MD5.
bool is_complete(const Source& source, const std::filesystem::path& folder);

// Makes it complete, going on where an earlier call was cut off. An archive that lies in the folder under its own name
// is unpacked in place of a fetched one, and stays. False: stopped by on_fetched. Otherwise throws Failure.
bool fetch(const Source& source, const std::filesystem::path& folder, const Patience& patience,
           const OnFetched& on_fetched);

}  // namespace driver

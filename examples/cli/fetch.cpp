#include "fetch.h"

#include <algorithm>
#include <numeric>

#include "disk.h"

namespace driver {

namespace {

namespace fs = std::filesystem;

std::string join(const std::string& address, const std::string& name) {
  return address + (!address.empty() && address.back() == '/' ? "" : "/") + name;
}

}  // namespace

Source cifar10_source() {
  constexpr int64_t batch = 10000 * 3073;
  return {"CIFAR-10",
          "https://www.cs.toronto.edu/~kriz/",
          {{"cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 170052171}},
          {{"cifar-10-batches-bin/batches.meta.txt", 61},
           {"cifar-10-batches-bin/data_batch_1.bin", batch},
           {"cifar-10-batches-bin/data_batch_2.bin", batch},
           {"cifar-10-batches-bin/data_batch_3.bin", batch},
           {"cifar-10-batches-bin/data_batch_4.bin", batch},
           {"cifar-10-batches-bin/data_batch_5.bin", batch},
           {"cifar-10-batches-bin/test_batch.bin", batch}}};
}

Source mnist_source() {
  return {"MNIST",
          "https://ossci-datasets.s3.amazonaws.com/mnist/",
          {{"train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9912422},
           {"train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28881},
           {"t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1648877},
           {"t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 4542}},
          {}};
}

bool is_complete(const Source& source, const fs::path& folder) {
  if (source.members.empty()) {
    return std::all_of(source.files.begin(), source.files.end(),
                       [&](const RemoteFile& file) { return md5_of(folder / file.name) == file.md5; });
  }
  return std::all_of(source.members.begin(), source.members.end(),
                     [&](const Member& member) { return size_of_file(folder / member.name()) == member.bytes; });
}

bool fetch(const Source& source, const fs::path& folder, const Patience& patience, const OnFetched& on_fetched) {
  LockedFolder lock(folder);
  const int64_t all = std::accumulate(source.files.begin(), source.files.end(), int64_t{0},
                                      [](int64_t sum, const RemoteFile& file) { return sum + file.bytes; });
  int64_t before = 0;  // bytes of the files that are done
  for (const RemoteFile& file : source.files) {
    const fs::path whole = folder / file.name, part = folder / (file.name + ".part");
    const bool is_here = md5_of(whole) == file.md5;
    if (!is_here && !download(join(source.address, file.name), file, part, patience,
                              [&](int64_t bytes) { return on_fetched(before + bytes, all); })) {
      return false;
    }
    if (!source.members.empty()) {
      unpack(is_here ? whole : part, source.members, folder);
      lock.flush();
      fs::remove(part);
    } else if (!is_here) {
      rename_file(part, whole);
      lock.flush();
    }
    before += file.bytes;
  }
  return true;
}

}  // namespace driver

#include "base/machine.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

namespace signsym {
namespace {

int usable_cores() {
  cpu_set_t set;
  int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
  // A container's quota (cgroup v2): "max 100000" or "200000 100000".
  std::ifstream quota_file("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (quota_file >> quota >> period && quota > 0 && period > 0)
    cores = std::min(cores, std::max(1, static_cast<int>(std::ceil(quota / period))));
  return std::max(1, cores);
}

int64_t usable_memory() {
  const int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream limit_file("/sys/fs/cgroup/memory.max");  // of a container (cgroup v2): "max" or bytes
  int64_t limit = 0;
  return limit_file >> limit && limit > 0 ? std::min(memory, limit) : memory;
}

Machine read_machine() {
  Machine m;
  static const std::set<std::string> notable{"avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16",
                                             "asimd", "sve", "bf16"};
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const std::string value = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (key == "model name" && m.processor.empty()) m.processor = value;
    if ((key == "flags" || key == "Features") && m.features.empty()) {
      std::istringstream words(value);
      for (std::string word; words >> word;)
        if (notable.count(word)) m.features.push_back(word);
    }
  }
  m.cores = usable_cores();
  m.memory_bytes = usable_memory();
  utsname name{};
  if (uname(&name) == 0) m.system = std::string(name.sysname) + " " + name.release + " " + name.machine;
  return m;
}

}  // namespace

const Machine& machine() {
  static const Machine m = read_machine();
  return m;
}

bool computes_in_bf16() {
  const std::vector<std::string>& features = machine().features;
  const auto has = [&](const char* name) { return std::find(features.begin(), features.end(), name) != features.end(); };
  return has("avx512_bf16") || has("amx_bf16");
}

}  // namespace signsym

// The folder of a run (docs/run-folder.md): the one place that knows its files' names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace signsym {

class RunFolder {
 public:
  // Makes the folder, for a run to begin there. Errors: already_exists where it holds a run, io.
  static RunFolder create(const std::filesystem::path& folder);
  // From here on it holds a run.
  void begin(const std::string& config_text) const;
  // Errors: not_found where it is no run, busy where another process is writing it.
  static RunFolder open(const std::filesystem::path& folder);
  static std::filesystem::path config_file(const std::filesystem::path& folder);

  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&& other) noexcept;
  ~RunFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoint_file(int64_t step) const;
  std::filesystem::path model_file() const;
  // The checkpoints of a run, in the order of their steps; none where there is no such folder.
  static std::vector<std::filesystem::path> checkpoint_files(const std::filesystem::path& folder);
  // Steps of the checkpoints that are there, ascending. Errors: io.
  std::vector<int64_t> checkpoints() const;
  // `newest` has been written. Removes those after it, which are damaged or of a line that was given up, and of the rest
  // all but the last `keep_last` and that of `best_step` (negative: none).
  void prune(int64_t newest, int64_t keep_last, int64_t best_step) const;

  // Appends a line to metrics.jsonl.
  void append_metrics(const std::string& line);
  // "seconds" of the last line at or before `step`; 0 where there is none.
  double seconds_at(int64_t step) const;

 private:
  RunFolder(std::filesystem::path path, int metrics) : path_(std::move(path)), metrics_(metrics) {}
  std::filesystem::path path_;
  int metrics_ = -1;  // metrics.jsonl, open for appending and locked against other processes
};

}  // namespace signsym

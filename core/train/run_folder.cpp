#include "train/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace signsym {
namespace {

namespace fs = std::filesystem;
constexpr const char* config_name = "config.textproto";
constexpr const char* metrics_name = "metrics.jsonl";
const std::string checkpoint_prefix = "checkpoint-", checkpoint_suffix = ".safetensors";

std::optional<int64_t> step_of(const std::string& name) {
  const size_t ends = checkpoint_prefix.size() + checkpoint_suffix.size();
  if (name.size() <= ends || name.rfind(checkpoint_prefix, 0) != 0 ||
      name.compare(name.size() - checkpoint_suffix.size(), checkpoint_suffix.size(), checkpoint_suffix) != 0)
    return {};
  int64_t step = 0;
  const char* first = name.data() + checkpoint_prefix.size();
  const char* last = name.data() + name.size() - checkpoint_suffix.size();
  const auto [end, error] = std::from_chars(first, last, step);
  return error == std::errc() && end == last ? std::optional<int64_t>(step) : std::nullopt;
}

int open_metrics(const fs::path& folder) {
  const fs::path path = folder / metrics_name;
  const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0)
    throw Error(Status::io, path.string() + ": cannot be opened for writing: " + in_words(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    throw Error(Status::busy, folder.string() + ": another process is training into this folder; wait for it or end it");
  }
  return file;
}

// What a crash or a full disk left of a last line.
void cut_torn_line(const fs::path& path) {
  const std::string text = read_file(path);
  const size_t whole = text.rfind('\n') + 1;  // 0 where there is no line
  std::error_code error;
  if (whole < text.size()) fs::resize_file(path, whole, error);
  if (error) throw Error(Status::io, path.string() + ": cannot be written: " + in_words(error.value()));
}

// Errors: io where it cannot be seen.
bool is_there(const fs::path& path) {
  std::error_code error;
  const bool there = fs::exists(path, error);
  if (error)
    throw Error(Status::io, path.string() + ": cannot be read: " + in_words(error.value(), true));
  return there;
}

fs::path checkpoint_in(const fs::path& folder, int64_t step) {
  return folder / (checkpoint_prefix + std::to_string(step) + checkpoint_suffix);
}

// Steps of the checkpoints in a folder, ascending.
std::vector<int64_t> steps_in(const fs::path& folder) {
  std::vector<int64_t> steps;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error && error != std::errc::no_such_file_or_directory)
    throw Error(Status::io, folder.string() + ": cannot be read: " + in_words(error.value(), true));
  for (const fs::directory_entry& entry : entries)
    if (const auto step = step_of(entry.path().filename().string())) steps.push_back(*step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

}  // namespace

RunFolder RunFolder::create(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder))
    throw Error(Status::io, folder.string() + ": the run folder cannot be made: " +
                                (error ? error.message() : "a file of that name is there") + "; choose another folder");
  // An empty metrics file without a config is what a cut between the two leaves: no run yet.
  if (is_there(folder / config_name) || (is_there(folder / metrics_name) && fs::file_size(folder / metrics_name) > 0))
    throw Error(Status::already_exists,
                folder.string() + ": this folder already holds a run; resume it, or name another folder",
                "output.folder");
  const std::vector<int64_t> steps = steps_in(folder);
  if (!steps.empty() && steps.back() > 0)
    throw Error(Status::already_exists,
                folder.string() + ": this folder already holds " + checkpoint_in(folder, steps.back()).filename().string() +
                    ", of another run; move it, or name another folder",
                "output.folder");
  RunFolder run(folder, open_metrics(folder));
  fs::remove(run.checkpoint_file(0), error);  // what a cut before begin() leaves
  return run;
}

void RunFolder::begin(const std::string& config_text) const { write_file(path_ / config_name, {config_text}); }

RunFolder RunFolder::open(const fs::path& folder) {
  if (!is_there(folder / config_name))
    throw Error(Status::not_found, folder.string() + ": no run is here (" + config_name + " is missing)");
  RunFolder run(folder, open_metrics(folder));
  cut_torn_line(folder / metrics_name);
  return run;
}

fs::path RunFolder::config_file(const fs::path& folder) { return folder / config_name; }

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)), metrics_(std::exchange(other.metrics_, -1)) {}

RunFolder& RunFolder::operator=(RunFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(metrics_, other.metrics_);
  return *this;
}

RunFolder::~RunFolder() {
  if (metrics_ >= 0) ::close(metrics_);
}

fs::path RunFolder::checkpoint_file(int64_t step) const { return checkpoint_in(path_, step); }

std::vector<fs::path> RunFolder::checkpoint_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const int64_t step : steps_in(folder)) files.push_back(checkpoint_in(folder, step));
  return files;
}

fs::path RunFolder::model_file() const { return path_ / "model.safetensors"; }

std::vector<int64_t> RunFolder::checkpoints() const { return steps_in(path_); }

void RunFolder::prune(int64_t newest, int64_t keep_last, int64_t best_step) const {
  std::vector<int64_t> steps;
  try {
    steps = checkpoints();
  } catch (const Error&) {
    return;  // the checkpoint is there, which is what counts
  }
  std::error_code error;  // one that cannot be removed is in nobody's way
  for (; !steps.empty() && steps.back() > newest; steps.pop_back()) fs::remove(checkpoint_file(steps.back()), error);
  for (size_t i = 0; i + keep_last < steps.size(); ++i)
    if (steps[i] != best_step) fs::remove(checkpoint_file(steps[i]), error);
}

void RunFolder::append_metrics(const std::string& line) {
  const std::string text = line + "\n";
  const off_t before = ::lseek(metrics_, 0, SEEK_END);
  for (size_t written = 0; written < text.size();) {
    const ssize_t n = ::write(metrics_, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      if (::ftruncate(metrics_, before) != 0) {
        // Half a line stays; the next one to open the run cuts it off.
      }
      throw Error(Status::io, (path_ / metrics_name).string() + ": cannot be written: " + in_words(error) +
                                  "; the run can be resumed then");
    }
    written += n;
  }
}

double RunFolder::seconds_at(int64_t step) const {
  std::ifstream file(path_ / metrics_name);
  double seconds = 0;
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("step") || !event.contains("seconds")) continue;
    if (event["step"].is_number_integer() && event["seconds"].is_number() && event["step"].get<int64_t>() <= step)
      seconds = event["seconds"].get<double>();
  }
  return seconds;
}

}  // namespace signsym

// The folder that the calls read from and write to.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "world.h"

namespace {

namespace fs = std::filesystem;
fs::path folder;

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void must(signsym_status status, const char* what) {
  if (status == SIGNSYM_OK) return;
  std::fprintf(stderr, "the files cannot be made: %s is %s\n", what, signsym_status_name(status));
  std::_Exit(1);
}
#define MUST(call) must(call, #call)

const char config_of_run[] =
    "model { mlp { hidden: 4 classes: 3 } input { channels: 1 height: 4 width: 4 } } data { host {} batch_size: 4 }\n"
    "train { epochs: 2 } compute { threads: 1 } output { folder: 'run' }";

void make_data() {
  fs::create_directory("cifar10");
  std::string record(3073, '\x11');
  record[0] = 1;
  std::string records;
  for (int i = 0; i < 8; ++i) records += record;
  write("cifar10/data_batch_1.bin", records);
  write("cifar10/test_batch.bin", record + record);
  fs::create_directory("mnist");
  for (const std::string part : {"train", "t10k"}) {
    write("mnist/" + part + "-images-idx3-ubyte",
          std::string("\0\0\x08\x03\0\0\0\x04\0\0\0\x03\0\0\0\x03", 16) + std::string(4 * 9, '\x40'));
    write("mnist/" + part + "-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\0\0\x04\0\x01\x02\x03", 12));
  }
}

void make_configs() {
  signsym_config* config = nullptr;
  MUST(signsym_config_create(config_of_run, sizeof config_of_run - 1, SIGNSYM_TEXT, "files", &config, nullptr));
  MUST(signsym_config_set(config, "output", "{}", nullptr));
  const char* const names[] = {"good.textproto", "good.json", "good.binpb"};
  for (signsym_format format = SIGNSYM_TEXT; format <= SIGNSYM_BINARY; ++format) {
    signsym_bytes* bytes = nullptr;
    MUST(signsym_config_write(config, format, &bytes, nullptr));
    const std::string text(signsym_bytes_data(bytes), signsym_bytes_size(bytes));
    write(names[format - 1], text);
    write("damaged" + std::string(names[format - 1] + 4), text.substr(0, text.size() * 2 / 3) + "\xFF");
    signsym_bytes_free(bytes);
  }
  signsym_config_free(config);
}

// A run on data of the host's, to its end.
void make_run() {
  static float samples[8][16];
  static int64_t labels[8] = {0, 1, 2, 0, 1, 2, 0, 1};
  const int64_t samples_shape[] = {8, 1, 4, 4}, labels_shape[] = {8};
  DLManagedTensorVersioned *x = nullptr, *y = nullptr;
  signsym_config* config = nullptr;
  signsym_dataset* set = nullptr;
  signsym_trainer* trainer = nullptr;
  signsym_model* model = nullptr;
  MUST(signsym_tensor_wrap(samples, SIGNSYM_F32, samples_shape, nullptr, 4, nullptr, nullptr, &x, nullptr));
  MUST(signsym_tensor_wrap(labels, SIGNSYM_I64, labels_shape, nullptr, 1, nullptr, nullptr, &y, nullptr));
  MUST(signsym_dataset_create_from_memory(x, y, SIGNSYM_NCHW, 3, &set, nullptr));
  MUST(signsym_config_create(config_of_run, SIGNSYM_TEXT_LENGTH, SIGNSYM_TEXT, "files", &config, nullptr));
  MUST(signsym_trainer_create_with(config, nullptr, set, set, &trainer, nullptr));
  MUST(signsym_trainer_run(trainer, nullptr, nullptr));
  MUST(signsym_trainer_save_checkpoint(trainer, "checkpoint.safetensors", nullptr));
  MUST(signsym_trainer_model(trainer, &model, nullptr));
  MUST(signsym_model_save_weights(model, "weights.safetensors", nullptr));
  std::string damaged = read("checkpoint.safetensors");
  damaged[damaged.size() / 2] ^= 4;
  write("damaged.safetensors", damaged);
  signsym_model_free(model);
  signsym_trainer_free(trainer);
  signsym_dataset_free(set);
  signsym_config_free(config);
}

}  // namespace

void make_files() {
  std::string name = (fs::temp_directory_path() / "signsym-calls-XXXXXX").string();
  if (!::mkdtemp(name.data()) || ::chdir(name.c_str()) != 0) must(SIGNSYM_IO, "mkdtemp");
  folder = name;
  fs::create_directory("folder");
  fs::create_directory("out");
  write("empty", "");
  make_data();
  make_configs();
  make_run();
}

void remove_files() {
  std::error_code ignored;
  if (!folder.empty()) fs::remove_all(folder, ignored);
}

void tidy_files() {
  std::error_code ignored;
  if (fs::exists("made", ignored)) fs::remove_all("made", ignored);
  if (fs::exists("out", ignored) && std::distance(fs::directory_iterator("out"), {}) > 20) fs::remove_all("out", ignored);
  fs::create_directory("out", ignored);
  fs::resize_file("run/metrics.jsonl", 0, ignored);
}

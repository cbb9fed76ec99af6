// What the tests of the loader share: a counted set that calls back when it is read, and copies of batches.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "data/loader.h"
#include "data_sets.h"

namespace signsym {

constexpr SampleShape picture{3, 6, 5};

inline std::shared_ptr<const Dataset> counted(int64_t size) { return std::make_shared<CountedSet>(size, picture); }

inline Pipeline augmenting() {
  return Pipeline({Crop{2}, Flip{0.5}, Normalize{{0.5, 0.4, 0.3}, {0.2, 0.3, 0.4}}}, picture, ElementType::u8, true);
}

inline LoaderOptions options(int threads, int prefetch = 4, int64_t batch_size = 8) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.threads = threads;
  options.prefetch = prefetch;
  return options;
}

struct Copy {
  int64_t index;
  std::vector<int64_t> labels;
  std::vector<float> pixels;
  bool operator==(const Copy& other) const {
    return index == other.index && labels == other.labels && pixels == other.pixels;
  }
};

inline Copy copy(const Batch& batch) {
  return {batch.index,
          {batch.labels, batch.labels + batch.size},
          {batch.pixels, batch.pixels + batch.size * picture.size()}};
}

// What is left of the epoch.
inline std::vector<Copy> rest(Loader& loader) {
  std::vector<Copy> batches;
  while (const Batch* batch = loader.next()) batches.push_back(copy(*batch));
  return batches;
}

inline std::vector<Copy> epoch_of(Loader& loader, int64_t epoch, int64_t first = 0) {
  loader.start(epoch, first);
  return rest(loader);
}

// A set that calls `hook` with the index whenever a sample is read.
class Hooked : public CountedSet {
 public:
  Hooked(int64_t size, std::function<void(int64_t)> hook) : CountedSet(size, picture), hook_(std::move(hook)) {}
  Sample sample(int64_t index, void* scratch) const override {
    hook_(index);
    return CountedSet::sample(index, scratch);
  }

 private:
  std::function<void(int64_t)> hook_;
};

inline void sleep_ms(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

}  // namespace signsym

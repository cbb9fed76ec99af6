// Pictures a second through the pipeline (one core) and the loader: loader_benchmark [SECONDS a row]
// Pictures of CIFAR-10's size with random pixels; medians of 9 runs. A busy machine shows in the second column alone.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "data/host_memory.h"
#include "data/loader.h"
#include "data/transform.h"

using namespace signsym;

namespace {

constexpr SampleShape shape{3, 32, 32};
constexpr int64_t size = 5000;

// Runs `work`, which says how many pictures it made, for about `seconds`, nine times.
template <class Work>
void measure(const std::string& name, double seconds, Work work) {
  using Clock = std::chrono::steady_clock;
  std::array<double, 9> of_processor, of_clock;
  for (size_t run = 0; run < 9; ++run) {
    const std::clock_t processor = std::clock();  // of all threads
    const auto begin = Clock::now();
    double elapsed = 0, pictures = 0;
    while (elapsed < seconds / 9) {
      pictures += static_cast<double>(work());
      elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    }
    of_processor[run] = pictures * CLOCKS_PER_SEC / static_cast<double>(std::clock() - processor);
    of_clock[run] = pictures / elapsed;
  }
  std::sort(of_processor.begin(), of_processor.end());
  std::sort(of_clock.begin(), of_clock.end());
  std::printf("%-40s %25.0f %15.0f\n", name.c_str(), of_processor[4], of_clock[4]);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  std::vector<uint8_t> pixels(static_cast<size_t>(size * shape.size()));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
  const std::vector<int64_t> labels(size, 0);
  const std::shared_ptr<const Dataset> set =
      open_host_memory({{pixels.data(), ElementType::u8, {size, 3, 32, 32}, {3 * 32 * 32, 32 * 32, 32, 1}},
                        Layout::nchw, StridedView{labels.data(), ElementType::i64, {size}, {1}}, 1, {}});
  const std::vector<Transform> transforms{Crop{4}, Flip{0.5}, Normalize{{0.49, 0.48, 0.45}, {0.25, 0.24, 0.26}}};

  std::puts("pictures of 3 × 32 × 32, crop, flip, normalise     a processor second        a second");
  for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
    const std::string name = layout == Layout::nchw ? "NCHW" : "NHWC";
    const Pipeline pipeline(transforms, shape, ElementType::u8, true);
    std::vector<float> out(static_cast<size_t>(128 * shape.size()));
    measure("pipeline, " + name, seconds, [&, epoch = int64_t{0}]() mutable {
      for (int64_t i = 0; i < size; ++i)
        pipeline.apply(set->sample(i, nullptr).pixels, set->strides(), {1, epoch, i}, layout,
                       out.data() + i % 128 * shape.size());
      ++epoch;
      return size;
    });
    for (const int threads : {0, 1, 2}) {
      LoaderOptions options;
      options.threads = threads;
      options.layout = layout;
      Loader loader(set, pipeline, options);
      measure("loader, " + name + ", " + std::to_string(threads) + " threads, batches of 128", seconds,
              [&, epoch = int64_t{0}]() mutable {
                int64_t pictures = 0;
                loader.start(epoch++);
                while (const Batch* batch = loader.next()) pictures += batch->size;
                return pictures;
              });
    }
  }
}

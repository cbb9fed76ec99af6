// Batches of an epoch, loaded ahead by threads into a bounded queue.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/dataset.h"
#include "data/transform.h"

namespace signsym {

struct LoaderOptions {
  int64_t batch_size = 128;
  int threads = 1;   // 0: in the calling thread, as with a set that is not concurrent
  int prefetch = 4;  // batches that may lie ready
  uint64_t seed = 1;
  bool shuffle = true;  // false: the set's own order
  bool drop_last = false;  // leaves a last batch that is not full out of the epoch
  Layout layout = Layout::nchw;
};

// A batch in the loader's own aligned memory (64 bytes), valid until the next call of next().
struct Batch {
  const float* pixels = nullptr;  // size × shape, in the loader's layout
  const int64_t* labels = nullptr;
  int64_t size = 0;
  int64_t index = 0;  // in the epoch, 0 the first
};

// The order of an epoch: a pure function of seed and epoch.
std::vector<int64_t> epoch_order(int64_t size, uint64_t seed, int64_t epoch, bool shuffle);

// One thread at a time uses a loader. The batches are the same on any number of loader threads.
class Loader {
 public:
  Loader(std::shared_ptr<const Dataset> set, Pipeline pipeline, LoaderOptions options);
  // Stops the threads and waits for them. One of them may call it, from the data set: it goes on to the end of its work.
  ~Loader();

  int64_t batches_per_epoch() const;
  void refuse_own_threads() const;
  // Starts an epoch at batch `first` (0 ≤ first ≤ batches_per_epoch()); what lay ready of another one is dropped. Errors:
  // busy on a thread of its own, which would wait for itself.
  void start(int64_t epoch, int64_t first = 0, const std::function<bool()>& cancelled = {});
  // nullptr after the epoch's last batch. Rethrows what a loader thread threw. Both may wait for a loader thread that is in
  // a data set of the host's, and ask `cancelled` ten times a second: Status::cancelled, and start() is the next call.
  const Batch* next(const std::function<bool()>& cancelled = {});
  // Seconds that next() waited for a batch, since the loader was made.
  double seconds_waited() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace signsym

#include "data/loader.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/process.h"
#include "base/random.h"
#include "data/aligned_array.h"

namespace signsym {
namespace {

struct Slot {
  Slot(size_t batch_size, size_t sample_size) : pixels(batch_size * sample_size), labels(batch_size) {}
  AlignedArray<float> pixels;
  AlignedArray<int64_t> labels;
  Batch batch;
  std::exception_ptr error;  // in place of a batch
  bool ready = false;
};

// Threads that are started while this lives block every signal but the faults of their own: the rest is the
// application's, and goes to its threads. Real-time signals are as in the thread that starts them: by these Mono stops
// every thread that calls back into it, and would wait for one that blocks them for ever.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked, faults;
    sigfillset(&blocked);
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigdelset(&blocked, signal);
    sigemptyset(&faults);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) {
      sigdelset(&blocked, fault);
      sigaddset(&faults, fault);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
    pthread_sigmask(SIG_UNBLOCK, &faults, nullptr);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

void check(const LoaderOptions& options, const Dataset* set, const Pipeline& pipeline) {
  const auto refuse = [](const std::string& message) { throw Error(Status::invalid_argument, "loader: " + message); };
  if (set == nullptr) refuse("a data set is expected");
  if (options.batch_size < 1) refuse("batch_size " + std::to_string(options.batch_size) + ": at least 1 is expected");
  if (options.threads < 0) refuse("threads " + std::to_string(options.threads) + ": 0 or more are expected");
  if (options.prefetch < 1) refuse("prefetch " + std::to_string(options.prefetch) + ": at least 1 is expected");
  const SampleShape a = set->shape(), b = pipeline.shape();
  if (a.channels != b.channels || a.height != b.height || a.width != b.width ||
      set->pixel_type() != pipeline.pixel_type())
    refuse("the transforms were made for samples of another shape or type than the data set's");
}

}  // namespace

std::vector<int64_t> epoch_order(int64_t size, uint64_t seed, int64_t epoch, bool shuffle) {
  if (shuffle) return permutation(Random(seed, "order", {}, static_cast<uint32_t>(epoch)), size);
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

// Batch k of an epoch lives in slot k mod slots. A thread takes the next batch as soon as its slot is free: the
// caller has given back the batch that was there. So batches are ready in any order, and are handed out in theirs.
struct Loader::State {
  State(std::shared_ptr<const Dataset> set_in, Pipeline pipeline_in, LoaderOptions options_in)
      : set(std::move(set_in)), pipeline(std::move(pipeline_in)), options(options_in),
        strides(set->strides()), batch_size(std::max<int64_t>(1, std::min(options.batch_size, set->size()))),
        batches((set->size() + (options.drop_last ? 0 : batch_size - 1)) / batch_size) {
    // One is with the caller, `prefetch` lie ready or are being loaded; each thread has one to work on.
    const int64_t count = options.threads == 0 ? 1 : 1 + std::max(options.prefetch, options.threads);
    for (int64_t i = 0; i < std::max<int64_t>(1, std::min(count, batches)); ++i)
      slots.emplace_back(batch_size, set->shape().size());
    for (int i = 0; i < std::max(1, options.threads); ++i) scratch.emplace_back(set->scratch_size());
  }

  // The threads hold the state: a host's function that one of them has called may end the loader.
  static void start_threads(const std::shared_ptr<State>& state) {
    const SignalsBlocked blocked;
    for (int i = 0; i < state->options.threads; ++i)
      state->threads.emplace_back([state, i] { state->work(state->scratch[i].data()); });
  }

  // Waits for the threads, but for the one that calls. Where the process ends, one may never come back from the host.
  void stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    work_there.notify_all();
    for (std::thread& thread : threads) {
      if (exiting() || thread.get_id() == std::this_thread::get_id())
        thread.detach();
      else
        thread.join();
    }
  }

  // Until a loader thread has brought it about. Where the process ends, that thread may be in exit() itself.
  template <typename Condition>
  void wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& cancelled, Condition condition) {
    while (!batch_there.wait_for(lock, std::chrono::milliseconds(100), condition)) {
      check_process();
      if (cancelled && cancelled()) throw Error(Status::cancelled, "cancelled while it waited for data");
    }
  }

  Slot& slot_of(int64_t batch) { return slots[static_cast<size_t>(batch) % slots.size()]; }

  void load(int64_t index, Slot& slot, void* scratch) const {
    check_process();
    const int64_t first = index * batch_size;
    const int64_t count = std::min(batch_size, set->size() - first);
    const int64_t sample_size = set->shape().size();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t index_in_set = order[static_cast<size_t>(first + i)];
      const Sample sample = set->sample(index_in_set, scratch);
      slot.labels.data()[i] = sample.label;
      pipeline.apply(sample.pixels, strides, {options.seed, epoch, index_in_set}, options.layout,
                     slot.pixels.data() + i * sample_size);
    }
    slot.batch = {slot.pixels.data(), slot.labels.data(), count, index};
  }

  // A loader thread.
  void work(void* scratch) {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      work_there.wait(lock, [this] { return stopping || claimed < std::min(batches, returned + slot_count()); });
      if (stopping) return;
      const int64_t index = claimed++;
      Slot& slot = slot_of(index);
      ++loading;
      lock.unlock();
      std::exception_ptr error;
      try {
        load(index, slot, scratch);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      --loading;
      slot.error = std::move(error);
      slot.ready = true;
      batch_there.notify_one();
    }
  }

  int64_t slot_count() const { return static_cast<int64_t>(slots.size()); }

  const std::shared_ptr<const Dataset> set;
  const Pipeline pipeline;
  const LoaderOptions options;
  const SampleStrides strides;
  const int64_t batch_size;
  const int64_t batches;  // an epoch

  // Of the epoch: changed by start() alone, while no thread is loading.
  int64_t epoch = 0;
  std::vector<int64_t> order;

  // The caller's.
  int64_t delivered = -1;  // batches of the epoch before this one were handed out; −1: not started
  double waited = 0;       // seconds

  std::mutex mutex;  // guards what follows, and what is in the slots but their batches
  std::condition_variable work_there, batch_there;
  int64_t claimed = batches;  // batches before this one were taken by threads
  int64_t returned = 0;       // batches before this one were given back by the caller
  int loading = 0;            // threads that are loading a batch
  bool stopping = false;
  std::vector<Slot> slots;
  std::vector<AlignedArray<char>> scratch;  // of each thread; without one, of the caller
  std::vector<std::thread> threads;
};

Loader::Loader(std::shared_ptr<const Dataset> set, Pipeline pipeline, LoaderOptions options) {
  check(options, set.get(), pipeline);
  if (!set->concurrent()) options.threads = 0;
  state_ = std::make_shared<State>(std::move(set), std::move(pipeline), options);
  try {
    State::start_threads(state_);
  } catch (const std::system_error& error) {
    state_->stop();  // those that could be started
    throw Error(Status::unsupported,
                "data.loader_threads: the system refused to start " + std::to_string(state_->options.threads) +
                    " threads: " + error.code().message() + "; set fewer, or raise the limit of processes (ulimit -u)",
                "data.loader_threads");
  } catch (...) {
    state_->stop();
    throw;
  }
}

Loader::~Loader() { state_->stop(); }

int64_t Loader::batches_per_epoch() const { return state_->batches; }

void Loader::refuse_own_threads() const {
  for (const std::thread& thread : state_->threads)
    if (thread.get_id() == std::this_thread::get_id())
      throw Error(Status::busy, "this thread reads ahead for the trainer: run it on another thread, or when the sample "
                                "function has returned");
}

void Loader::start(int64_t epoch, int64_t first, const std::function<bool()>& cancelled) {
  State& s = *state_;
  if (epoch < 0 || first < 0 || first > s.batches)
    throw Error(Status::invalid_argument, "loader: epoch " + std::to_string(epoch) + ", batch " +
                                              std::to_string(first) + ": an epoch of 0 or more and a batch of 0 to " +
                                              std::to_string(s.batches) + " are expected");
  refuse_own_threads();
  std::vector<int64_t> order = epoch_order(s.set->size(), s.options.seed, epoch, s.options.shuffle);
  {
    std::unique_lock<std::mutex> lock(s.mutex);
    s.claimed = s.batches;  // nothing more of the old epoch
    s.wait(lock, cancelled, [&s] { return s.loading == 0; });
    for (Slot& slot : s.slots) slot.ready = false;
    s.epoch = epoch;
    s.order = std::move(order);
    s.claimed = s.returned = s.delivered = first;
  }
  s.work_there.notify_all();
}

const Batch* Loader::next(const std::function<bool()>& cancelled) {
  using Clock = std::chrono::steady_clock;
  State& s = *state_;
  if (s.delivered < 0) throw Error(Status::invalid_argument, "loader: call start() before next()");
  if (s.delivered == s.batches) return nullptr;
  Slot& slot = s.slot_of(s.delivered);
  const auto begin = Clock::now();
  if (s.threads.empty()) {
    s.load(s.delivered, slot, s.scratch[0].data());
  } else {
    std::unique_lock<std::mutex> lock(s.mutex);
    s.returned = s.delivered;
    s.work_there.notify_one();
    s.wait(lock, cancelled, [&slot] { return slot.ready; });
    if (slot.error) std::rethrow_exception(slot.error);
    slot.ready = false;
  }
  s.waited += std::chrono::duration<double>(Clock::now() - begin).count();
  ++s.delivered;
  return &slot.batch;
}

double Loader::seconds_waited() const { return state_->waited; }

}  // namespace signsym

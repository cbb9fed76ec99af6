#include "data/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include "data/subset.h"
#include "data_sets.h"

namespace signsym {
namespace {

using testing::HasSubstr;

constexpr SampleShape picture{3, 6, 5};

std::shared_ptr<const Dataset> counted(int64_t size) { return std::make_shared<CountedSet>(size, picture); }

Pipeline augmenting() {
  return Pipeline({Crop{2}, Flip{0.5}, Normalize{{0.5, 0.4, 0.3}, {0.2, 0.3, 0.4}}}, picture, ElementType::u8, true);
}

LoaderOptions options(int threads, int prefetch = 4, int64_t batch_size = 8) {
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

Copy copy(const Batch& batch) {
  return {batch.index,
          {batch.labels, batch.labels + batch.size},
          {batch.pixels, batch.pixels + batch.size * picture.size()}};
}

// What is left of the epoch.
std::vector<Copy> rest(Loader& loader) {
  std::vector<Copy> batches;
  while (const Batch* batch = loader.next()) batches.push_back(copy(*batch));
  return batches;
}

std::vector<Copy> epoch_of(Loader& loader, int64_t epoch, int64_t first = 0) {
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

void sleep_ms(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

TEST(Loader, Is_busy_for_its_own_threads_which_would_wait_for_themselves) {
  Loader* loader = nullptr;
  std::atomic<bool> between{false}, asked{false};
  std::atomic<int> busy{0};
  Loader own(std::make_shared<Hooked>(64,
                                      [&](int64_t) {
                                        while (!between) sleep_ms(1);
                                        if (asked.exchange(true)) return;
                                        try {
                                          loader->start(1, 0);
                                        } catch (const Error& error) {
                                          busy += error.status() == Status::busy;
                                        }
                                      }),
             augmenting(), options(2));
  loader = &own;
  own.start(0, 0);
  between = true;
  EXPECT_EQ(rest(own).size(), 8u);
  EXPECT_EQ(busy, 1);
}

TEST(Loader, That_can_have_no_threads_says_which_setting_to_change) {
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  const rlimit limit{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (96 << 20), before.rlim_max};
  ::setrlimit(RLIMIT_AS, &limit);  // there is room for the stacks of some
  const Error error = error_of([] { Loader(counted(64), augmenting(), options(200)); });
  ::setrlimit(RLIMIT_AS, &before);
  EXPECT_EQ(error.status(), Status::unsupported);
  EXPECT_EQ(error.field(), "data.loader_threads");
  EXPECT_THAT(error.what(), HasSubstr("200 threads"));
}

TEST(EpochOrder, Is_a_permutation_that_depends_on_seed_and_epoch_alone) {
  const auto order = epoch_order(1000, 1, 0, true);
  EXPECT_EQ(order, epoch_order(1000, 1, 0, true));
  EXPECT_NE(order, epoch_order(1000, 1, 1, true));
  EXPECT_NE(order, epoch_order(1000, 2, 0, true));
  EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 1000u);
  EXPECT_EQ(*std::min_element(order.begin(), order.end()), 0);
  EXPECT_EQ(*std::max_element(order.begin(), order.end()), 999);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(epoch_order(0, 1, 0, true).empty());
}

TEST(EpochOrder, Is_the_sets_own_without_shuffling) {
  std::vector<int64_t> own(100);
  std::iota(own.begin(), own.end(), 0);
  EXPECT_EQ(epoch_order(100, 1, 5, false), own);
}

TEST(Loader, Batches_are_the_transformed_samples_in_the_order_of_the_epoch) {
  const auto set = counted(50);
  const Pipeline pipeline = augmenting();
  Loader loader(set, pipeline, options(2));
  EXPECT_EQ(loader.batches_per_epoch(), 7);
  const auto batches = epoch_of(loader, 3);
  ASSERT_EQ(batches.size(), 7u);
  const auto order = epoch_order(50, 1, 3, true);
  size_t at = 0;
  for (const Copy& batch : batches) {
    EXPECT_EQ(batch.index, static_cast<int64_t>(at / 8));
    EXPECT_EQ(batch.labels.size(), at == 48 ? 2u : 8u);  // the last holds what is left
    for (size_t i = 0; i < batch.labels.size(); ++i, ++at) {
      EXPECT_EQ(batch.labels[i], label_of(*set, order[at]));
      std::vector<float> expected(picture.size());
      pipeline.apply(bytes_of(*set, order[at]), set->strides(), {1, 3, order[at]}, Layout::nchw, expected.data());
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), batch.pixels.begin() + i * picture.size()));
    }
  }
  EXPECT_EQ(at, 50u);
}

TEST(Loader, Leaves_out_a_last_batch_that_is_not_full_where_asked) {
  const auto set = counted(50);
  LoaderOptions dropping = options(2);
  dropping.drop_last = true;
  Loader loader(set, augmenting(), dropping), keeping(set, augmenting(), options(2));
  EXPECT_EQ(loader.batches_per_epoch(), 6);
  const auto batches = epoch_of(loader, 3), all = epoch_of(keeping, 3);
  ASSERT_EQ(batches.size(), 6u);
  for (size_t i = 0; i < batches.size(); ++i) EXPECT_EQ(batches[i].labels, all[i].labels);
  // A set smaller than a batch is one full batch.
  Loader small(counted(5), augmenting(), dropping);
  EXPECT_EQ(small.batches_per_epoch(), 1);
}

TEST(Loader, Batches_are_the_same_on_any_number_of_threads_and_any_prefetch) {
  const auto set = counted(203);
  for (Layout layout : {Layout::nchw, Layout::nhwc})
    for (bool shuffle : {true, false}) {
      std::vector<std::vector<Copy>> expected;
      for (int threads : {0, 1, 2, 7})
        for (int prefetch : {1, 2, 64}) {
          LoaderOptions some = options(threads, prefetch);
          some.layout = layout;
          some.shuffle = shuffle;
          Loader loader(set, augmenting(), some);
          std::vector<std::vector<Copy>> epochs;
          for (int64_t epoch : {0, 1, 5}) epochs.push_back(epoch_of(loader, epoch));
          if (expected.empty()) expected = epochs;
          ASSERT_EQ(epochs, expected) << threads << " threads, prefetch " << prefetch;
        }
      EXPECT_NE(expected[0], expected[1]);
    }
}

TEST(Loader, Resumes_in_mid_epoch_with_the_same_batches) {
  const auto set = counted(100);
  for (int threads : {0, 1, 3}) {
    Loader whole(set, augmenting(), options(threads));
    const auto all = epoch_of(whole, 2);
    for (int64_t first = 0; first <= whole.batches_per_epoch(); ++first) {
      Loader resumed(set, augmenting(), options(threads));
      EXPECT_EQ(epoch_of(resumed, 2, first), std::vector<Copy>(all.begin() + first, all.end())) << first;
    }
  }
}

TEST(Loader, A_new_start_drops_what_lay_ready) {
  const auto set = counted(100);
  for (int threads : {0, 1, 3}) {
    Loader loader(set, augmenting(), options(threads));
    const auto epoch_0 = epoch_of(loader, 0), epoch_1 = epoch_of(loader, 1);
    for (int taken = 0; taken < 13; ++taken) {
      loader.start(0);
      for (int i = 0; i < taken; ++i) ASSERT_EQ(copy(*loader.next()), epoch_0[i]);
      if (taken % 2 == 1) sleep_ms(1);  // with batches ready, and with batches being loaded
      EXPECT_EQ(epoch_of(loader, 1), epoch_1);
    }
  }
}

TEST(Loader, A_new_start_waits_for_batches_that_are_being_loaded) {
  const auto slow = std::make_shared<Hooked>(
      40, [](int64_t) { std::this_thread::sleep_for(std::chrono::microseconds(200)); });
  Loader undisturbed(slow, augmenting(), options(0));
  const auto epoch_1 = epoch_of(undisturbed, 1);
  for (int pause : {0, 1, 2, 3}) {
    Loader loader(slow, augmenting(), options(3));
    loader.start(0);
    sleep_ms(pause);
    EXPECT_EQ(epoch_of(loader, 1), epoch_1);
  }
}

TEST(Loader, After_the_last_batch_there_is_none_until_a_new_start) {
  for (int threads : {0, 2}) {
    Loader loader(counted(10), augmenting(), options(threads));
    loader.start(0, 2);
    EXPECT_EQ(loader.next(), nullptr);
    loader.start(0);
    EXPECT_EQ(rest(loader).size(), 2u);
    EXPECT_EQ(loader.next(), nullptr);
    EXPECT_EQ(loader.next(), nullptr);
    EXPECT_EQ(epoch_of(loader, 0).size(), 2u);
  }
}

TEST(Loader, A_batch_larger_than_the_set_holds_it_whole) {
  Loader loader(counted(10), augmenting(), options(1, 4, int64_t{1} << 60));
  EXPECT_EQ(loader.batches_per_epoch(), 1);
  EXPECT_EQ(epoch_of(loader, 0)[0].labels.size(), 10u);
}

TEST(Loader, An_empty_set_has_no_batches) {
  for (int threads : {0, 2}) {
    Loader loader(make_subset(counted(10), {}), augmenting(), options(threads));
    EXPECT_EQ(loader.batches_per_epoch(), 0);
    EXPECT_TRUE(epoch_of(loader, 0).empty());
  }
}

TEST(Loader, Batches_lie_in_a_fixed_pool_of_aligned_memory) {
  for (int threads : {0, 1, 3}) {
    Loader loader(counted(400), augmenting(), options(threads, 5, 7));
    std::set<const float*> pixels;
    std::set<const int64_t*> labels;
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      loader.start(epoch);
      while (const Batch* batch = loader.next()) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->pixels) % 64, 0u);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->labels) % 64, 0u);
        pixels.insert(batch->pixels);
        labels.insert(batch->labels);
      }
    }
    EXPECT_LE(pixels.size(), threads == 0 ? 1u : 6u);
    EXPECT_LE(labels.size(), threads == 0 ? 1u : 6u);
  }
}

TEST(Loader, A_batch_stays_as_it_is_until_the_next_is_asked_for) {
  Loader loader(counted(200), augmenting(), options(3, 1));
  loader.start(0);
  while (const Batch* batch = loader.next()) {
    const Copy before = copy(*batch);
    sleep_ms(1);
    ASSERT_EQ(copy(*batch), before);
  }
}

TEST(Loader, No_more_than_the_queue_is_loaded_ahead) {
  std::atomic<int64_t> loaded{0};
  Loader loader(std::make_shared<Hooked>(800, [&](int64_t) { ++loaded; }), augmenting(), options(2, 3));
  loader.start(0);
  for (int64_t taken = 1; taken <= 5; ++taken) {
    loader.next();
    sleep_ms(20);
    EXPECT_LE(loaded, 8 * (taken + 3));  // the caller's, and three that lie ready
    EXPECT_GE(loaded, 8 * taken);
  }
}

TEST(Loader, An_exception_of_a_loader_thread_comes_out_of_next_in_its_turn) {
  for (int threads : {0, 1, 2, 7}) {
    const auto bad = epoch_order(100, 1, 0, true)[42];  // in batch 5
    std::atomic<bool> broken{true};
    const auto set = std::make_shared<Hooked>(100, [&](int64_t index) {
      if (broken && index == bad) throw Error(Status::bad_data, "sample 42 is bad", "data");
    });
    Loader loader(set, augmenting(), options(threads));
    loader.start(0);
    for (int i = 0; i < 5; ++i) ASSERT_NE(loader.next(), nullptr);
    for (int again = 0; again < 2; ++again) {
      const Error error = error_of([&] { loader.next(); });
      EXPECT_EQ(error.status(), Status::bad_data);
      EXPECT_EQ(error.field(), "data");
      EXPECT_STREQ(error.what(), "sample 42 is bad");
    }
    broken = false;
    EXPECT_EQ(epoch_of(loader, 0).size(), 13u);  // a new start begins anew
  }
}

// A set that makes its samples in scratch: the values of `index`.
class Made : public CountedSet {
 public:
  Made(int64_t size, bool concurrent) : CountedSet(size, picture), concurrent_(concurrent) {}
  Sample sample(int64_t index, void* scratch) const override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      threads_.insert(std::this_thread::get_id());
      misaligned_ |= reinterpret_cast<uintptr_t>(scratch) % 64 != 0;
    }
    std::memset(scratch, static_cast<int>(index), scratch_size());
    std::this_thread::sleep_for(std::chrono::microseconds(100));  // time for another thread to spoil it
    return {scratch, index % 10};
  }
  size_t scratch_size() const override { return static_cast<size_t>(shape().size()); }
  bool concurrent() const override { return concurrent_; }

  std::set<std::thread::id> threads() const { return threads_; }
  bool misaligned() const { return misaligned_; }

 private:
  const bool concurrent_;
  mutable std::mutex mutex_;
  mutable std::set<std::thread::id> threads_;
  mutable bool misaligned_ = false;
};

TEST(Loader, Samples_made_in_scratch_come_out_whole_on_any_number_of_threads) {
  for (bool concurrent : {false, true})
    for (int threads : {0, 1, 4}) {
      const auto set = std::make_shared<Made>(200, concurrent);
      Loader loader(set, Pipeline({}, picture, ElementType::u8, true), options(threads));
      const auto order = epoch_order(200, 1, 0, true);
      size_t at = 0;
      for (const Copy& batch : epoch_of(loader, 0))
        for (size_t i = 0; i < batch.labels.size(); ++i, ++at) {
          EXPECT_EQ(batch.labels[i], order[at] % 10);
          const auto first = batch.pixels.begin() + i * picture.size();
          EXPECT_EQ(std::count(first, first + picture.size(), static_cast<float>(order[at]) / 255.0f), picture.size());
        }
      EXPECT_EQ(at, 200u);
      EXPECT_FALSE(set->misaligned());
    }
}

TEST(Loader, A_set_that_is_not_concurrent_is_asked_on_the_calling_thread_alone) {
  const auto alone = std::make_shared<Made>(40, false), together = std::make_shared<Made>(40, true);
  Loader of_alone(make_subset(alone, {1, 5, 3, 9}), Pipeline({}, picture, ElementType::u8, true), options(3));
  Loader of_together(make_subset(together, {1, 5, 3, 9}), Pipeline({}, picture, ElementType::u8, true), options(3));
  EXPECT_EQ(epoch_of(of_alone, 0).size(), 1u);
  EXPECT_EQ(epoch_of(of_together, 0).size(), 1u);
  EXPECT_EQ(alone->threads(), std::set<std::thread::id>{std::this_thread::get_id()});
  EXPECT_EQ(together->threads().count(std::this_thread::get_id()), 0u);
}

TEST(Loader, Exceptions_of_other_types_come_out_as_they_are) {
  for (int threads : {0, 1}) {
    Loader loader(std::make_shared<Hooked>(9, [](int64_t) { throw std::out_of_range("callback"); }), augmenting(),
                  options(threads));
    loader.start(0);
    EXPECT_THROW(loader.next(), std::out_of_range);
  }
}

TEST(Loader, May_be_destroyed_in_any_state) {
  for (int threads : {0, 1, 4})
    for (int pause : {0, 1, 5}) {
      const auto slow = std::make_shared<Hooked>(
          60, [](int64_t) { std::this_thread::sleep_for(std::chrono::microseconds(50)); });
      { Loader not_started(slow, augmenting(), options(threads)); }
      for (int taken : {0, 1, 3, 8, 9}) {  // eight batches and the end
        Loader loader(slow, augmenting(), options(threads, 2));
        sleep_ms(pause);
        loader.start(0);
        for (int i = 0; i < taken; ++i) loader.next();
        sleep_ms(pause);
      }
      Loader twice(slow, augmenting(), options(threads, 2));
      twice.start(0);
      twice.start(1, 3);
    }
}

TEST(Loader, May_be_destroyed_with_an_exception_waiting) {
  for (int pause : {0, 5}) {
    const auto bad = std::make_shared<Hooked>(60, [](int64_t) { throw std::runtime_error("bad"); });
    Loader loader(bad, augmenting(), options(2));
    loader.start(0);
    sleep_ms(pause);
  }
}

TEST(Loader, Its_threads_take_no_signal_of_the_application_but_the_real_time_ones_that_their_starter_takes) {
  std::mutex mutex;
  std::set<int> open;  // signals that a loader thread lets through
  const auto set = std::make_shared<Hooked>(40, [&](int64_t) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    const std::lock_guard<std::mutex> lock(mutex);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD, SIGPIPE, SIGWINCH, SIGRTMIN, SIGRTMAX})
      if (!sigismember(&mask, signal)) open.insert(signal);
  });
  sigset_t mine, before, after;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR2);
  sigaddset(&mine, SIGRTMAX);
  pthread_sigmask(SIG_SETMASK, &mine, &before);
  Loader loader(set, augmenting(), options(2));
  pthread_sigmask(SIG_SETMASK, &before, &after);
  EXPECT_EQ(epoch_of(loader, 0).size(), 5u);
  EXPECT_EQ(open, std::set<int>{SIGRTMIN});
  for (int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2})
    EXPECT_EQ(sigismember(&after, signal), signal == SIGUSR2) << "the caller's mask was changed";
}

TEST(Loader, Waiting_takes_no_processor_time_and_is_counted) {
  for (int threads : {0, 3}) {
    Loader loader(std::make_shared<Hooked>(8, [](int64_t) { sleep_ms(25); }), augmenting(), options(threads));
    EXPECT_EQ(loader.seconds_waited(), 0);
    loader.start(0);
    const std::clock_t processor = std::clock();
    loader.next();
    EXPECT_GE(loader.seconds_waited(), 0.2);
    EXPECT_LT(static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC, 0.1);
  }
}

TEST(Loader, What_lies_ready_is_not_waited_for) {
  std::atomic<int64_t> loaded{0};
  Loader loader(std::make_shared<Hooked>(16, [&](int64_t) { sleep_ms(10); ++loaded; }), augmenting(), options(1));
  loader.start(0);
  while (loaded < 16) sleep_ms(5);
  sleep_ms(20);
  while (loader.next()) {}
  EXPECT_LT(loader.seconds_waited(), 0.1);  // 0.16 s took the loading
}

TEST(Loader, Bad_options_are_errors_that_name_them) {
  const auto refused = [](LoaderOptions bad) {
    const Error error = error_of([&] { Loader(counted(10), augmenting(), bad); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    return std::string(error.what());
  };
  EXPECT_THAT(refused(options(1, 4, 0)), HasSubstr("batch_size 0"));
  EXPECT_THAT(refused(options(1, 4, -3)), HasSubstr("batch_size -3"));
  EXPECT_THAT(refused(options(-1)), HasSubstr("threads -1"));
  EXPECT_THAT(refused(options(1, 0)), HasSubstr("prefetch 0"));
  EXPECT_THAT(error_of([] { Loader(nullptr, augmenting(), options(1)); }).what(), HasSubstr("data set"));
}

TEST(Loader, Transforms_made_for_other_samples_are_an_error) {
  for (const Pipeline& other :
       {Pipeline({}, {3, 6, 6}, ElementType::u8, true), Pipeline({}, {1, 6, 5}, ElementType::u8, true),
        Pipeline({}, {3, 6, 5}, ElementType::f32, true)}) {
    const Error error = error_of([&] { Loader(counted(10), other, options(1)); });
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("another shape or type"));
  }
}

TEST(Loader, A_start_out_of_range_or_none_is_an_error) {
  for (int threads : {0, 1}) {
    Loader loader(counted(10), augmenting(), options(threads));
    EXPECT_EQ(error_of([&] { loader.next(); }).status(), Status::invalid_argument);
    EXPECT_EQ(error_of([&] { loader.start(0, -1); }).status(), Status::invalid_argument);
    EXPECT_EQ(error_of([&] { loader.start(0, 3); }).status(), Status::invalid_argument);
    EXPECT_EQ(error_of([&] { loader.start(-1); }).status(), Status::invalid_argument);
    EXPECT_EQ(epoch_of(loader, 0).size(), 2u);
  }
}

}  // namespace
}  // namespace signsym

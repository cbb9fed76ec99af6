// The threads of the loader: what they take, wait for, give on, and leave alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <ctime>
#include <fstream>
#include <mutex>
#include <set>
#include <stdexcept>

#include "data/subset.h"
#include "loader_sets.h"

namespace signsym {
namespace {

using testing::HasSubstr;

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
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer needs the memory itself";
#endif
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

TEST(Loader, That_waits_for_a_sample_can_be_cancelled_and_started_again) {
  std::atomic<bool> blocked{false};
  std::atomic<int> inside{0};
  Loader loader(std::make_shared<Hooked>(64,
                                         [&](int64_t) {
                                           ++inside;
                                           while (blocked) sleep_ms(1);
                                           --inside;
                                         }),
                augmenting(), options(2));
  const auto expected = [&] {
    loader.start(0, 0);
    return rest(loader);
  }();
  blocked = true;
  loader.start(1, 0);
  EXPECT_EQ(error_of([&] { loader.next([&] { return inside > 0; }); }).status(), Status::cancelled);
  EXPECT_EQ(error_of([&] { loader.start(0, 0, [&] { return inside > 0; }); }).status(), Status::cancelled);
  blocked = false;
  loader.start(0, 0, [] { return false; });
  EXPECT_TRUE(rest(loader) == expected);
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

}  // namespace
}  // namespace signsym

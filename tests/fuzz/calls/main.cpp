// Calls every exported function in sequences with right and wrong arguments: handles that are NULL, freed, of another type,
// altered or any number; lengths of 0 and SIZE_MAX, text that is not UTF-8, enums out of range, NaN, tensors that
// contradict themselves; from callbacks too. Each call must come to a status, or an accessor's empty value, as the header
// says, and a failed one must leave what it was given.
//
// What a library in C cannot check is not among it: a pointer to something else than the header says that is not NULL, a
// length or a shape that is less than what is there but for the one given, a tensor that was freed, one that is used while
// another thread changes it; and requests that are right and merely take hours or all memory.
//
// signsym_fuzz_calls [--sequences N] [--seed S] [--verbose] | --list
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "call.h"

extern "C" {
void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));
const char* __asan_default_options() { return "allocator_may_return_null=1:detect_leaks=1"; }
const char* __ubsan_default_options() { return "print_stacktrace=1"; }
}

namespace {

uint64_t current_seed = 0;
World* current_world = nullptr;

// The seed of the sequence in which a sanitizer ends the program.
void say_seed() {
  std::fprintf(stderr, "in sequence %llu, %s: replay it with --seed %llu --sequences 1 --verbose\n",
               static_cast<unsigned long long>(current_seed), current_world ? current_world->call : "",
               static_cast<unsigned long long>(current_seed));
}

int total_weight() {
  int total = 0;
  for (const Call& call : all_calls()) total += call.weight;
  return total;
}

void run(uint64_t seed, bool verbose) {
  current_seed = seed;
  tidy_files();
  World world(seed, verbose);
  current_world = &world;
  for (size_t i = 60 + world.random.below(81); i > 0; --i) make_any_call(world);
  ++tally.sequences;
}

}  // namespace

const Calls& all_calls() {
  static const Calls calls = [] {
    Calls all;
    add_library_calls(all);
    add_config_calls(all);
    add_data_calls(all);
    add_model_calls(all);
    add_event_calls(all);
    add_trainer_calls(all);
    return all;
  }();
  return calls;
}

void make_any_call(World& world) {
  static const int total = total_weight();
  int left = static_cast<int>(world.random.below(static_cast<size_t>(total)));
  const Call* call = all_calls().data();
  while (left >= call->weight) left -= (call++)->weight;
  const char* const outer = std::exchange(world.call, call->name);
  if (world.verbose) std::printf("%*s%s\n", 2 * world.depth, "", call->name), std::fflush(stdout);
  count_call(call->name);
  call->make(world);
  world.call = outer;
}

int main(int argc, char** argv) {
  uint64_t seed = 1, sequences = 1000;
  bool verbose = false;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (!std::strcmp(argv[i], "--seed") && more) seed = std::strtoull(argv[++i], nullptr, 10);
    else if (!std::strcmp(argv[i], "--sequences") && more) sequences = std::strtoull(argv[++i], nullptr, 10);
    else if (!std::strcmp(argv[i], "--verbose")) verbose = true;
    else if (!std::strcmp(argv[i], "--list")) {
      for (const Call& call : all_calls()) std::puts(call.name);
      return 0;
    } else {
      std::fprintf(stderr, "usage: %s [--sequences N] [--seed S] [--verbose] | --list\n", argv[0]);
      return 2;
    }
  }
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_seed);
  make_files();
  std::atexit(remove_files);
  for (uint64_t i = 0; i < sequences; ++i) run(seed + i, verbose);

  std::printf("%llu calls in %llu sequences:", static_cast<unsigned long long>(tally.calls),
              static_cast<unsigned long long>(tally.sequences));
  for (signsym_status s = SIGNSYM_OK; s <= SIGNSYM_INTERNAL; ++s)
    std::printf(" %s %llu", signsym_status_name(s) + 8, static_cast<unsigned long long>(tally.by_status[s]));
  std::printf("\n");
  // A generator whose calls all fail tests little.
  if (sequences < 500) return 0;
  int never = 0;
  for (const std::string& name : never_succeeded()) {
    std::fprintf(stderr, "%s never succeeded\n", name.c_str());
    ++never;
  }
  return never > 0;
}

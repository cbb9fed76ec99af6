// What a sequence of calls works on: the handles that live and those that were freed, texts, files and tensors, right ones
// and wrong ones. All of it follows from the seed.
#pragma once

#include <signsym/signsym.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "random.h"

template <class Handle>
struct Pool {
  std::vector<Handle*> live, freed;

  bool has(const Handle* handle) const { return std::find(live.begin(), live.end(), handle) != live.end(); }
  void end(Handle* handle) {
    live.erase(std::remove(live.begin(), live.end(), handle), live.end());
    freed.push_back(handle);
  }
};

// A handle for a call, and whether it is one.
template <class Handle>
struct Picked {
  Handle* handle;
  bool valid;
};

// What a host gives with a callback or memory: `destroys` must be 1 at the end, and as soon as a call has failed.
struct Given {
  std::atomic<int> destroys{0};
  bool throws = false;       // so does destroy, which the library drops
  void* memory = nullptr;    // freed by destroy
  size_t sample_bytes = 0;   // of a sample that a callback makes
  int failure = 0;           // of the callback: 1 returns non-zero, 2 throws, 3 gives a label of no class
  class World* world = nullptr;
  ~Given();
};
void destroy_given(void* given);

// A tensor that is lent for a call, in memory of just its size; or one that is wrong in what can be checked.
struct Lent {
  DLTensor tensor{};
  std::vector<int64_t> shape, strides;
  std::unique_ptr<char[]> memory;
};

class World {
 public:
  World(uint64_t seed, bool verbose);
  World(const World&) = delete;
  ~World();  // frees all that is left, in any order, and looks at each Given

  Random random;

  // ---- handles
  template <class Handle>
  Pool<Handle>& pool() {
    return std::get<Pool<Handle>>(pools_);
  }
  // Mostly one that lives; else NULL, freed, of another type, altered in one bit, or any number.
  template <class Handle>
  Picked<Handle> pick() {
    Pool<Handle>& pool = this->pool<Handle>();
    if (pool.live.empty() && depth < 2 && !random.once_in(3)) make(static_cast<Handle*>(nullptr));
    Handle* handle = nullptr;
    const size_t kind = random.below(24);
    if (kind == 0) handle = nullptr;
    else if (kind == 1 && !pool.freed.empty()) handle = random.one_of(pool.freed);
    else if (kind == 2) handle = static_cast<Handle*>(of_another_type());
    else if (kind == 3) handle = reinterpret_cast<Handle*>(altered());
    else if (kind == 4) handle = reinterpret_cast<Handle*>(random.next() >> random.below(64));
    else if (!pool.live.empty()) handle = random.one_of(pool.live);
    return {handle, pool.has(handle)};
  }
  // Whether it is a handle of any type.
  bool lives(const void* handle) const;

  // ---- tensors that the caller owns
  std::vector<DLManagedTensorVersioned*> tensors;
  DLManagedTensorVersioned* tensor();  // one of them, a new one, or NULL
  Lent lent_samples();
  Lent lent_labels(int64_t count);
  Lent lent_like(const signsym_model* model, const char* name);

  // ---- texts and numbers
  std::string config_text();
  std::string field();
  std::string value();
  std::string text();       // of any bytes
  std::string input();      // path of what is to be read
  std::string output();     // path of what is to be written
  std::string tensor_name(const signsym_model* model);
  int64_t number();
  int32_t choice(int32_t last);  // of an enum from 1 on; now and then out of range
  double real();
  Given* given();

  // ---- faults
  [[noreturn]] void fail(const std::string& what) const;
  void expect(bool so, const char* what) const {
    if (!so) fail(what);
  }
  const char* call = "";  // the one that is being made
  int depth = 0;          // of calls in callbacks
  const bool verbose;

 private:
  void make(signsym_error*);
  void make(signsym_bytes*);
  void make(signsym_config*);
  void make(signsym_cancel*);
  void make(signsym_dataset*);
  void make(signsym_model*);
  void make(signsym_trainer*);
  void make(signsym_event*) {}  // the library's alone
  void* of_another_type();
  uintptr_t altered();
  void* any_live();
  Lent lent(signsym_type type, std::vector<int64_t> shape, int64_t most);

  std::tuple<Pool<signsym_error>, Pool<signsym_bytes>, Pool<signsym_config>, Pool<signsym_cancel>, Pool<signsym_dataset>,
             Pool<signsym_model>, Pool<signsym_trainer>, Pool<signsym_event>>
      pools_;
  std::vector<std::unique_ptr<Given>> given_;
  const uint64_t seed_;
};

// Once for the process: a folder with files of every kind, right and damaged, in which the process then works.
void make_files();
// What a sequence left goes before the next.
void tidy_files();
void remove_files();

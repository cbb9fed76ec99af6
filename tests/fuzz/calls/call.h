// One call of an exported function with arguments from the world, and what must hold of what it did.
#pragma once

#include <string>
#include <vector>

#include "world.h"

struct Call {
  const char* name;
  int weight;  // how often, in proportion
  void (*make)(World&);
};
using Calls = std::vector<Call>;

// Each exported function once.
const Calls& all_calls();
void make_any_call(World& world);

void add_library_calls(Calls& calls);
void add_config_calls(Calls& calls);
void add_data_calls(Calls& calls);
void add_model_calls(Calls& calls);
void add_event_calls(Calls& calls);
void add_trainer_calls(Calls& calls);

// What came out, by status, over the whole run.
struct Tally {
  uint64_t calls = 0, sequences = 0;
  uint64_t by_status[SIGNSYM_INTERNAL + 1] = {};
};
extern Tally tally;
void count_call(const char* name);
// Functions that were never called, or whose every call failed.
std::vector<std::string> never_succeeded();

// A call that returns a status. Arguments are drawn from it; done() checks the header's promises.
class Try {
 public:
  explicit Try(World& world) : world_(world) {}

  template <class Handle>
  Handle* handle() {
    const auto picked = world_.pick<Handle>();
    if (!picked.valid) wrong_handle_ = true;
    return picked.handle;
  }
  // NULL, which is legal, or a handle.
  template <class Handle>
  Handle* optional_handle() {
    if (world_.random.once_in(2)) return nullptr;
    const auto picked = world_.pick<Handle>();
    if (picked.handle && !picked.valid) wrong_handle_ = true;
    return picked.handle;
  }
  // NULL, which is wrong here, now and then.
  template <class Value>
  Value* pointer(Value* value) {
    if (world_.random.once_in(32)) value = nullptr;
    if (!value) must_fail_ = true;
    return value;
  }
  const char* text(const std::string& text) { return pointer(text.c_str()); }
  void must_fail() { must_fail_ = true; }

  template <class Handle>
  Handle** out() {
    keep_ = [](World& world, void* handle) { world.pool<Handle>().live.push_back(static_cast<Handle*>(handle)); };
    return pointer(reinterpret_cast<Handle**>(&out_));
  }
  DLManagedTensorVersioned** tensor_out() {
    keep_ = [](World& world, void* tensor) { world.tensors.push_back(static_cast<DLManagedTensorVersioned*>(tensor)); };
    return pointer(reinterpret_cast<DLManagedTensorVersioned**>(&out_));
  }
  // Numbers out, each of which may be NULL.
  double* real_out(int which) { return world_.random.once_in(8) ? nullptr : &reals_[which]; }
  int64_t* number_out() { return world_.random.once_in(8) ? nullptr : &number_; }
  signsym_error** error() { return with_error_ ? &error_ : nullptr; }
  // `destroy` was called at once if the call failed, and not yet else.
  Given* given() { return given_ = world_.given(); }

  void done(signsym_status status);

 private:
  static constexpr uintptr_t untouched = 0x5EED5EED5EED;
  static constexpr double no_number = -12345.678;

  World& world_;
  const bool with_error_ = !world_.random.once_in(4);
  bool wrong_handle_ = false, must_fail_ = false;
  void* out_ = reinterpret_cast<void*>(untouched);
  void (*keep_)(World&, void*) = nullptr;
  signsym_error* error_ = reinterpret_cast<signsym_error*>(untouched);
  double reals_[3] = {no_number, no_number, no_number};
  int64_t number_ = -12345;
  Given* given_ = nullptr;
};

// An accessor: of a wrong handle it gives its empty value. `text` is read whole.
void check_text(World& world, const char* text);

#include "cancel.h"

#include <atomic>

#include "guard.h"

using namespace signsym;
using namespace signsym::capi;

namespace {

constexpr uint32_t capacity = 65536;

// generation · 4 + live · 2 + set
std::atomic<uint64_t> table[capacity];
std::atomic<uint32_t> next_slot{0};

constexpr uint64_t live_bit = 2, set_bit = 1;

std::atomic<uint64_t>* slot_of(const signsym_cancel* cancel, uint64_t& state) {
  Token token;
  if (!Token::decode(cancel, HandleType::cancel, token) || token.slot >= capacity) return nullptr;
  state = table[token.slot].load();
  return (state & live_bit) && state >> 2 == token.generation ? &table[token.slot] : nullptr;
}

}  // namespace

namespace signsym::capi {

std::function<bool()> cancel_check(const signsym_cancel* cancel) {
  uint64_t state = 0;
  const std::atomic<uint64_t>* slot = slot_of(cancel, state);
  if (!slot) throw Error(Status::invalid_handle, "cancel is a handle that was freed, or of another type");
  return [slot, generation = state >> 2] {
    const uint64_t now = slot->load();
    return now >> 2 == generation && (now & set_bit);
  };
}

}  // namespace signsym::capi

extern "C" {

signsym_status signsym_cancel_create(signsym_cancel** out, signsym_error** error) {
  return guard(error, [&] {
    require(out, "out");
    for (uint32_t tries = 0; tries < capacity; ++tries) {
      const uint32_t index = next_slot.fetch_add(1) % capacity;
      uint64_t state = table[index].load();
      if (state & live_bit) continue;
      const uint64_t generation = (state >> 2) + 1;
      if (generation == Token::generation_limit) continue;
      if (!table[index].compare_exchange_strong(state, generation << 2 | live_bit)) continue;
      *out = static_cast<signsym_cancel*>(Token{index, HandleType::cancel, generation}.encode());
      return;
    }
    throw Error(Status::out_of_memory,
                "there are " + std::to_string(capacity) + " cancel tokens: free those that are no longer used");
  });
}

void signsym_cancel_set(signsym_cancel* cancel) {
  uint64_t state = 0;
  while (std::atomic<uint64_t>* slot = slot_of(cancel, state))
    if (slot->compare_exchange_weak(state, state | set_bit)) return;
}

int32_t signsym_cancel_is_set(const signsym_cancel* cancel) {
  uint64_t state = 0;
  return slot_of(cancel, state) && (state & set_bit) ? 1 : 0;
}

void signsym_cancel_free(signsym_cancel* cancel) {
  uint64_t state = 0;
  while (std::atomic<uint64_t>* slot = slot_of(cancel, state))
    if (slot->compare_exchange_weak(state, state & ~live_bit)) return;
}

}  // extern "C"

#include "handle.h"

#include <pthread.h>

#include <mutex>
#include <new>
#include <vector>

#include "base/process.h"

namespace signsym::capi {
namespace {

constexpr uint64_t slot_bits = 24, type_bits = 4, token_bit = uint64_t{1} << 63;
static_assert(sizeof(void*) == sizeof(uint64_t), "a token takes 64 bits");

struct Slot {
  uint64_t generation = 1;
  HandleType type{};
  std::shared_ptr<void> object;
};

struct Registry {
  std::mutex mutex;
  std::vector<Slot> slots;
  std::vector<uint32_t> free;

  // nullptr where the token is of no live handle.
  Slot* live(const Token& token) {
    if (token.slot >= slots.size()) return nullptr;
    Slot& slot = slots[token.slot];
    return slot.object && slot.type == token.type && slot.generation == token.generation ? &slot : nullptr;
  }
};

Registry* make_registry();

// Never destroyed: threads may still run when the process ends.
Registry& registry() {
  static Registry* const r = make_registry();
  return *r;
}

// No other thread holds the mutex while the process forks: in the child it is free.
Registry* make_registry() {
  const auto unlock = [] { registry().mutex.unlock(); };
  pthread_atfork([] { registry().mutex.lock(); }, unlock, unlock);
  return new Registry;
}

}  // namespace

bool Token::decode(const void* handle, HandleType wanted, Token& out) {
  const uint64_t bits = reinterpret_cast<uintptr_t>(handle);
  out.slot = bits & ((1u << slot_bits) - 1);
  out.type = static_cast<HandleType>(bits >> slot_bits & ((1u << type_bits) - 1));
  out.generation = (bits & ~token_bit) >> (slot_bits + type_bits);
  return (bits & token_bit) && out.type == wanted;
}

void* Token::encode() const {
  return reinterpret_cast<void*>(static_cast<uintptr_t>(
      token_bit | generation << (slot_bits + type_bits) | static_cast<uint64_t>(type) << slot_bits | slot));
}

void* adopt(HandleType type, std::shared_ptr<void> object) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  if (r.free.empty()) {
    if (r.slots.size() >= 1u << slot_bits) throw std::bad_alloc();
    r.free.reserve(r.slots.size() + 1);  // so that release() need not allocate
    r.slots.emplace_back();
    r.free.push_back(static_cast<uint32_t>(r.slots.size() - 1));
  }
  const uint32_t index = r.free.back();
  r.free.pop_back();
  Slot& slot = r.slots[index];
  slot.type = type;
  slot.object = std::move(object);
  return Token{index, type, slot.generation}.encode();
}

std::shared_ptr<void> find(HandleType type, const void* handle) noexcept {
  Token token;
  if (!Token::decode(handle, type, token)) return nullptr;
  // Others may hold locks whose owners are not in the child.
  if (forked() && type != HandleType::error && type != HandleType::bytes) return nullptr;
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  const Slot* slot = r.live(token);
  return slot ? slot->object : nullptr;
}

std::shared_ptr<void> release(HandleType type, const void* handle) noexcept {
  Token token;
  if (!Token::decode(handle, type, token)) return nullptr;
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  Slot* slot = r.live(token);
  if (!slot) return nullptr;
  // A slot whose generations are used up is never used again.
  if (++slot->generation < Token::generation_limit) r.free.push_back(token.slot);
  return std::move(slot->object);
}

}  // namespace signsym::capi

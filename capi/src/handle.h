// Handles: tokens of a slot and its generation, never addresses. A freed handle stays invalid when its slot is used
// again, and one of another type or from elsewhere is noticed.
#pragma once

#include <cstdint>
#include <memory>

namespace signsym::capi {

enum class HandleType : uint64_t { error = 1, bytes, config, cancel, event, trainer, dataset, model };

// Slot in bits 0 to 23, type in bits 24 to 27, generation in bits 28 to 62. Bit 63 is set: it is in no address of a
// program.
struct Token {
  static constexpr uint64_t generation_limit = uint64_t{1} << 35;

  uint32_t slot = 0;
  HandleType type{};
  uint64_t generation = 0;

  static bool decode(const void* handle, HandleType wanted, Token& out);
  void* encode() const;
};

// Takes an object into the registry; the handle is its owner until release(). Throws std::bad_alloc.
void* adopt(HandleType type, std::shared_ptr<void> object);
// The object, alive as long as the result; nullptr for a handle that is none.
std::shared_ptr<void> find(HandleType type, const void* handle) noexcept;
// Ends the handle; the object goes with its last user. nullptr for a handle that is none.
std::shared_ptr<void> release(HandleType type, const void* handle) noexcept;

// Which handle belongs to which object: specialised beside each object.
template <typename Handle>
struct Handled;  // { using Object = …; static constexpr HandleType type = …; }

template <typename Handle>
Handle* adopt(std::shared_ptr<typename Handled<Handle>::Object> object) {
  return static_cast<Handle*>(adopt(Handled<Handle>::type, std::move(object)));
}
template <typename Handle>
std::shared_ptr<typename Handled<Handle>::Object> find(const Handle* handle) noexcept {
  return std::static_pointer_cast<typename Handled<Handle>::Object>(find(Handled<Handle>::type, handle));
}
template <typename Handle>
std::shared_ptr<typename Handled<Handle>::Object> release(const Handle* handle) noexcept {
  return std::static_pointer_cast<typename Handled<Handle>::Object>(release(Handled<Handle>::type, handle));
}

}  // namespace signsym::capi

// Between a trainer's steps and what others do with its model meanwhile: readers share, a writer is alone, and all take
// their turn. So a trainer that steps without a pause keeps no prediction waiting for ever, nor the other way round.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace signsym {

class Gate {
 public:
  std::shared_lock<std::shared_mutex> read() const {
    const std::lock_guard<std::mutex> turn(turn_);
    return std::shared_lock<std::shared_mutex>(mutex_);
  }
  std::unique_lock<std::shared_mutex> write() const {
    const std::lock_guard<std::mutex> turn(turn_);
    return std::unique_lock<std::shared_mutex>(mutex_);
  }

 private:
  mutable std::mutex turn_;
  mutable std::shared_mutex mutex_;
};

}  // namespace signsym

// What a step on memory of the application copies.
#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include <utility>

#include "data/host_memory.h"
#include "train_runs.h"

namespace signsym {
namespace {

// Counts the bytes of tensors that are made while it lives.
class TensorBytes : public c10::Allocator {
 public:
  TensorBytes() { c10::SetCPUAllocator(this, /*priority=*/255); }
  ~TensorBytes() override { c10::SetCPUAllocator(inner_, 255); }
  c10::DataPtr allocate(size_t bytes) override {
    count += static_cast<int64_t>(bytes);
    return inner_->allocate(bytes);
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
  int64_t count = 0;

 private:
  c10::Allocator* inner_ = c10::GetCPUAllocator();
};

TEST(Host_memory, Is_copied_once_into_each_batch_and_nowhere_else) {
  const Runs runs;
  Config config = runs.config("", fast);
  config.set("data.host", "{}");
  config.set("data.transform[2].normalize", "{ mean: [0.5, 0.5, 0.5] std: [0.25, 0.25, 0.25] }");
  config.set("model.input", "{ channels: 3 height: 32 width: 32 }");
  config.set("model.mlp.classes", "10");
  Trainer trainer(config);
  trainer.set_learning_rate(0.01);
  constexpr int64_t n = 64, values = 3 * 32 * 32;
  std::vector<uint8_t> pictures(n * values, 7), labels(n, 3);
  const auto batch = open_host_memory({StridedView{pictures.data(), ElementType::u8, {n, 3, 32, 32}, {values, 1024, 32, 1}},
                                       Layout::nchw, StridedView{labels.data(), ElementType::u8, {n}, {1}}, 10, {}});
  const Tensor x = at::zeros({n, 3, 32, 32}), y = at::zeros({n}, at::kLong);
  trainer.step(*batch);
  trainer.learner().step(x, y, 1, 0.01);  // what the first step makes for all others is there

  TensorBytes made;
  trainer.step(*batch);
  const int64_t through_memory = std::exchange(made.count, 0);
  trainer.learner().step(x, y, 2, 0.01);
  EXPECT_EQ(through_memory - made.count, n * values * 4 + n * 8);  // float32 pixels and int64 labels of the batch
}

}  // namespace
}  // namespace signsym

// Tensors and data sets.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "call.h"

namespace {

void forget(World& w, DLManagedTensorVersioned* tensor) {
  w.tensors.erase(std::remove(w.tensors.begin(), w.tensors.end(), tensor), w.tensors.end());
}

// Legal on any thread: it looks at what it was given alone.
int make_sample(int64_t index, void* sample, int64_t* label, void* user) {
  const auto* given = static_cast<const Given*>(user);
  if (given->destroys != 0) std::abort();  // called after its end
  if (given->failure == 1 && index == 3) return 7;
  if (given->failure == 2 && index == 3) throw std::runtime_error("from a sample \xFF");
  std::memset(sample, 1, given->sample_bytes);
  *label = given->failure == 3 && index == 3 ? INT64_MIN : index % 3;
  return 0;
}

// One value for each type, from 1 on.
constexpr size_t type_bytes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};

}  // namespace

void add_data_calls(Calls& calls) {
  const Calls mine = {
      {"signsym_tensor_wrap", 4,
       [](World& w) {
         Try t(w);
         Given* const given = t.given();
         const auto type = w.choice(SIGNSYM_F64);
         // Eight of the widest values: more than any good shape below has.
         given->memory = std::calloc(8, 8);
         int64_t shape[9] = {2, 1, 2, 1, 1, 1, 1, 1, 1}, strides[9] = {2, 2, 1, 1, 1, 1, 1, 1, 1};
         if (w.random.once_in(6)) shape[w.random.below(4)] = w.random.one_of<int64_t>({0, -1, INT64_MIN, INT64_MAX});
         if (w.random.once_in(8)) strides[0] = w.random.one_of<int64_t>({0, INT64_MIN, INT64_MAX});
         const int32_t dimensions = w.random.once_in(6) ? w.random.one_of<int32_t>({-1, 0, 8, 9, INT32_MAX, INT32_MIN}) : 3;
         const auto out = t.tensor_out();
         const auto extents = w.random.once_in(16) ? nullptr : shape;
         void* const memory = given->memory;
         t.done(signsym_tensor_wrap(t.pointer(memory), type, extents, w.random.once_in(2) ? nullptr : strides, dimensions,
                                    given, destroy_given, out, t.error()));
       }},
      {"signsym_tensor_free", 4,
       [](World& w) {
         DLManagedTensorVersioned* const tensor = w.tensors.empty() ? nullptr : w.tensor();
         if (tensor) forget(w, tensor);
         if (tensor && w.random.once_in(2)) tensor->deleter(tensor);  // as legal
         else signsym_tensor_free(tensor);
       }},

      {"signsym_dataset_create_from_config", 2,
       [](World& w) {
         Try t(w);
         const auto config = t.handle<signsym_config>();
         const auto part = w.choice(SIGNSYM_HELD_OUT);
         const auto out = t.out<signsym_dataset>();
         t.done(signsym_dataset_create_from_config(config, part, out, t.error()));
       }},
      {"signsym_dataset_create_from_memory", 4,
       [](World& w) {
         Try t(w);
         DLManagedTensorVersioned *const samples = w.tensor(), *const labels = w.tensor();
         if (!samples || !labels) t.must_fail();
         const auto layout = w.choice(SIGNSYM_NHWC);
         const int64_t classes = w.random.once_in(4) ? w.number() : 3;
         const auto out = t.out<signsym_dataset>();
         const signsym_status status =
             signsym_dataset_create_from_memory(samples, labels, layout, classes, out, t.error());
         if (status == SIGNSYM_OK) {
           forget(w, samples);
           forget(w, labels);
         }
         t.done(status);
       }},
      {"signsym_dataset_create_from_callback", 3,
       [](World& w) {
         Try t(w);
         Given* const given = t.given();
         const auto type = w.choice(SIGNSYM_F64), layout = w.choice(SIGNSYM_NHWC);
         const bool known = type >= SIGNSYM_U8 && type <= SIGNSYM_F64;
         given->sample_bytes = 16 * type_bytes[known ? type : 0];
         given->failure = w.random.once_in(4) ? 1 + static_cast<int>(w.random.below(3)) : 0;
         int64_t shape[3] = {1, 4, 4};
         if (layout == SIGNSYM_NHWC) std::swap(shape[0], shape[2]);
         if (w.random.once_in(8)) shape[w.random.below(3)] = w.random.one_of<int64_t>({0, -1, INT64_MIN, INT64_MAX});
         const int32_t dimensions = w.random.once_in(8) ? w.random.one_of<int32_t>({-1, 0, 2, 4, INT32_MAX}) : 3;
         const int64_t size = w.random.once_in(8) ? w.random.one_of<int64_t>({0, -1, INT64_MIN, INT64_MAX}) : 8;
         const int64_t classes = w.random.once_in(8) ? w.number() : 3;
         const auto extents = t.pointer(static_cast<const int64_t*>(shape));
         const auto function = w.random.once_in(32) ? nullptr : make_sample;
         if (!function) t.must_fail();
         const auto out = t.out<signsym_dataset>();
         t.done(signsym_dataset_create_from_callback(size, classes, extents, dimensions, type, layout,
                                                     static_cast<int32_t>(w.random.below(3)), function, given,
                                                     destroy_given, out, t.error()));
       }},
      {"signsym_dataset_size", 2,
       [](World& w) {
         const auto set = w.pick<signsym_dataset>();
         w.expect((signsym_dataset_size(set.handle) > 0) == set.valid, "the size of a data set");
       }},
      {"signsym_dataset_classes", 2,
       [](World& w) {
         const auto set = w.pick<signsym_dataset>();
         w.expect((signsym_dataset_classes(set.handle) > 0) == set.valid, "the classes of a data set");
       }},
      {"signsym_dataset_shape", 2,
       [](World& w) {
         const auto set = w.pick<signsym_dataset>();
         const auto dimension = static_cast<int32_t>(w.random.one_of<int64_t>({0, 1, 2, 3, -1, INT32_MAX, INT32_MIN}));
         const bool there = set.valid && dimension >= 0 && dimension < 3;
         w.expect((signsym_dataset_shape(set.handle, dimension) > 0) == there, "the shape of a data set");
       }},
      {"signsym_dataset_free", 3,
       [](World& w) {
         const auto set = w.pick<signsym_dataset>();
         signsym_dataset_free(set.handle);
         if (set.valid) w.pool<signsym_dataset>().end(set.handle);
       }},
  };
  calls.insert(calls.end(), mine.begin(), mine.end());
}

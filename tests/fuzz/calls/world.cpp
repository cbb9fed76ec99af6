#include "world.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>

namespace {

using Free = std::function<void()>;

template <class Handle>
void collect(const Pool<Handle>& pool, void (*free)(Handle*), std::vector<Free>& all) {
  for (Handle* handle : pool.live) all.push_back([=] { free(handle); });
}

template <class Handle>
void keep(Pool<Handle>& pool, Handle* handle) {
  if (handle) pool.live.push_back(handle);
}

}  // namespace

Given::~Given() { std::free(memory); }

void destroy_given(void* data) {
  auto* given = static_cast<Given*>(data);
  ++given->destroys;
  std::free(given->memory);
  given->memory = nullptr;
  if (given->throws) throw std::runtime_error("from destroy");
}

World::World(uint64_t seed, bool verbose_in) : random(seed), verbose(verbose_in), seed_(seed) {}

World::~World() {
  call = "the end of the sequence";
  std::vector<Free> all;
  collect(pool<signsym_error>(), signsym_error_free, all);
  collect(pool<signsym_bytes>(), signsym_bytes_free, all);
  collect(pool<signsym_config>(), signsym_config_free, all);
  collect(pool<signsym_cancel>(), signsym_cancel_free, all);
  collect(pool<signsym_dataset>(), signsym_dataset_free, all);
  collect(pool<signsym_model>(), signsym_model_free, all);
  collect(pool<signsym_trainer>(), signsym_trainer_free, all);
  for (DLManagedTensorVersioned* tensor : tensors) all.push_back([=] { signsym_tensor_free(tensor); });
  while (!all.empty()) {
    const auto next = all.begin() + static_cast<std::ptrdiff_t>(random.below(all.size()));
    (*next)();
    all.erase(next);
  }
  for (const auto& given : given_) expect(given->destroys == 1, "destroy was not called exactly once");
}

bool World::lives(const void* handle) const {
  return std::apply(
      [handle](const auto&... pool) {
        return ((std::find(pool.live.begin(), pool.live.end(), handle) != pool.live.end()) || ...);
      },
      pools_);
}

void* World::any_live() {
  std::vector<void*> all;
  std::apply([&all](const auto&... pool) { (all.insert(all.end(), pool.live.begin(), pool.live.end()), ...); }, pools_);
  return all.empty() ? nullptr : random.one_of(all);
}

void* World::of_another_type() { return any_live(); }

// One bit of slot, type or generation is another.
uintptr_t World::altered() { return reinterpret_cast<uintptr_t>(any_live()) ^ (uintptr_t{1} << random.below(64)); }

void World::fail(const std::string& what) const {
  std::fflush(stdout);
  std::fprintf(stderr, "sequence %llu, %s: %s\n", static_cast<unsigned long long>(seed_), call, what.c_str());
  std::_Exit(1);
}

// ---- good ones, so that there is something to use wrongly

void World::make(signsym_error*) {
  signsym_error* error = nullptr;
  signsym_config_check(nullptr, &error);
  keep(pool<signsym_error>(), error);
}

void World::make(signsym_bytes*) {
  signsym_bytes* bytes = nullptr;
  signsym_build_info(SIGNSYM_JSON, &bytes, nullptr);
  keep(pool<signsym_bytes>(), bytes);
}

void World::make(signsym_config*) {
  const std::string text = config_text();
  signsym_config* config = nullptr;
  signsym_config_create(text.data(), text.size(), SIGNSYM_TEXT, nullptr, &config, nullptr);
  keep(pool<signsym_config>(), config);
}

void World::make(signsym_cancel*) {
  signsym_cancel* cancel = nullptr;
  signsym_cancel_create(&cancel, nullptr);
  keep(pool<signsym_cancel>(), cancel);
}

void World::make(signsym_dataset*) {
  // 8 samples of 1 × 4 × 4 and their labels, of 3 classes.
  static float samples[8][16];
  static int64_t labels[8] = {0, 1, 2, 0, 1, 2, 0, 1};
  const int64_t samples_shape[] = {8, 1, 4, 4}, labels_shape[] = {8};
  for (int i = 0; i < 8 * 16; ++i) samples[i / 16][i % 16] = static_cast<float>(i % 7) / 7;
  DLManagedTensorVersioned *x = nullptr, *y = nullptr;
  signsym_dataset* set = nullptr;
  signsym_tensor_wrap(samples, SIGNSYM_F32, samples_shape, nullptr, 4, nullptr, nullptr, &x, nullptr);
  signsym_tensor_wrap(labels, SIGNSYM_I64, labels_shape, nullptr, 1, nullptr, nullptr, &y, nullptr);
  signsym_dataset_create_from_memory(x, y, SIGNSYM_NCHW, 3, &set, nullptr);
  expect(set != nullptr, "a good data set was refused");
  keep(pool<signsym_dataset>(), set);
}

void World::make(signsym_model*) {
  const auto config = pick<signsym_config>();
  signsym_model* model = nullptr;
  signsym_model_create(config.handle, &model, nullptr);
  keep(pool<signsym_model>(), model);
}

void World::make(signsym_trainer*) {
  const auto config = pick<signsym_config>();
  const auto set = pick<signsym_dataset>();
  signsym_trainer* trainer = nullptr;
  signsym_trainer_create_with(config.handle, nullptr, set.handle, set.handle, &trainer, nullptr);
  keep(pool<signsym_trainer>(), trainer);
}

Given* World::given() {
  given_.push_back(std::make_unique<Given>());
  given_.back()->throws = random.once_in(8);
  given_.back()->world = this;
  return given_.back().get();
}

// ---- tensors

namespace {

size_t size_of(signsym_type type) {
  static const size_t sizes[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  return sizes[type];
}

DLDataType dlpack_type(signsym_type type) {
  const auto bits = static_cast<uint8_t>(8 * size_of(type));
  if (type <= SIGNSYM_U64) return {kDLUInt, bits, 1};
  if (type <= SIGNSYM_I64) return {kDLInt, bits, 1};
  return {static_cast<uint8_t>(type == SIGNSYM_BF16 ? kDLBfloat : kDLFloat), bits, 1};
}

}  // namespace

// Whole numbers from 0 to `most` in every type but the half ones, whose bytes may be anything.
Lent World::lent(signsym_type type, std::vector<int64_t> shape, int64_t most) {
  Lent lent;
  const size_t size = size_of(type);
  size_t count = 1;
  for (const int64_t extent : shape) count *= static_cast<size_t>(extent);
  lent.memory.reset(new char[count * size + 1]);  // one more, for an address that is odd
  const bool wild = random.once_in(8);            // NaN, infinity, labels of no class
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<int64_t>(wild ? random.next() : random.below(static_cast<size_t>(most) + 1));
    const float single = static_cast<float>(value) / static_cast<float>(wild ? 0 : most ? most : 1);
    const double real = single;
    const void* from = type == SIGNSYM_F32 ? static_cast<const void*>(&single) : type == SIGNSYM_F64 ? &real
                                                                                 : static_cast<const void*>(&value);
    std::copy_n(static_cast<const char*>(from), size, lent.memory.get() + i * size);
  }
  lent.tensor.ndim = static_cast<int32_t>(shape.size());
  lent.shape = std::move(shape);
  lent.shape.resize(9, 1);
  lent.strides.resize(9, 1);
  DLTensor& t = lent.tensor;
  t.data = lent.memory.get();
  t.device = {kDLCPU, 0};
  t.dtype = dlpack_type(type);
  t.shape = lent.shape.data();
  return lent;
}

namespace {

// Mostly leaves it as it is. What is wrong then can be seen by the library.
void spoil(Lent& lent, Random& random) {
  DLTensor& t = lent.tensor;
  const int32_t dimensions = t.ndim;
  const size_t any = dimensions ? random.below(static_cast<size_t>(dimensions)) : 0;
  switch (random.below(40)) {
    case 0: t.data = nullptr; break;
    case 1: t.shape = nullptr; break;
    case 2: t.ndim = random.one_of({-1, 9, INT32_MAX, INT32_MIN}); break;
    case 3: t.ndim = static_cast<int32_t>(random.below(static_cast<size_t>(dimensions) + 1)); break;
    case 4: t.dtype.code = static_cast<uint8_t>(random.next()); t.dtype.bits = 8; break;
    case 5: t.dtype.lanes = static_cast<uint16_t>(random.one_of({0, 2, 65535})); break;
    case 6: t.dtype.bits = static_cast<uint8_t>(random.one_of({0, 1, 4, 255})); break;
    case 7: t.device.device_type = static_cast<DLDeviceType>(random.one_of({0, 2, 10, 99, -1})); break;
    case 8: lent.shape[any] = random.one_of<int64_t>({-1, 0, INT64_MIN, INT64_MAX}); break;
    case 9:
      t.strides = lent.strides.data();
      std::fill(lent.strides.begin(), lent.strides.end(), random.one_of<int64_t>({INT64_MAX, INT64_MIN}));
      break;
    case 10: t.strides = lent.strides.data(); std::fill(lent.strides.begin(), lent.strides.end(), 0); break;
    case 11: t.byte_offset = UINT64_MAX - random.below(3); break;
    case 12: t.data = static_cast<char*>(t.data) + 1; break;
    case 13: {  // backwards through the first dimension
      t.strides = lent.strides.data();
      int64_t values = 1;
      for (int32_t d = dimensions; d-- > 0; values *= lent.shape[d]) lent.strides[d] = values;
      if (dimensions == 0) break;
      t.byte_offset = static_cast<uint64_t>((lent.shape[0] - 1) * lent.strides[0]) * (t.dtype.bits / 8);
      lent.strides[0] = -lent.strides[0];
      break;
    }
    default: break;
  }
}

}  // namespace

Lent World::lent_samples() {
  const int64_t count = random.one_of<int64_t>({1, 2, 3, 8});
  std::vector<int64_t> shape{count, 1, 4, 4};
  switch (random.below(10)) {
    case 0: shape = {count, 4, 4, 1}; break;
    case 1: shape = {count, 16}; break;
    case 2: shape = {count}; break;
    case 3: shape = {}; break;
    case 4: shape = {count, 3, 2, 2}; break;
    case 5: shape = {count, 1, 1, 1, 4, 4}; break;
    default: break;
  }
  const signsym_type type = random.once_in(3) ? choice(SIGNSYM_F64) : static_cast<signsym_type>(SIGNSYM_F32);
  Lent made = lent(type >= SIGNSYM_U8 && type <= SIGNSYM_F64 ? type : static_cast<signsym_type>(SIGNSYM_F32), shape, 4);
  spoil(made, random);
  return made;
}

Lent World::lent_labels(int64_t count) {
  if (count < 1 || count > 8 || random.once_in(8)) count = random.one_of<int64_t>({1, 2, 9});
  Lent made = lent(random.one_of<signsym_type>({SIGNSYM_I64, SIGNSYM_I64, SIGNSYM_I32, SIGNSYM_U8, SIGNSYM_U64}),
                   {count}, 2);
  spoil(made, random);
  return made;
}

Lent World::lent_like(const signsym_model* model, const char* name) {
  std::vector<int64_t> shape{4, 16};
  DLManagedTensorVersioned* tensor = nullptr;
  if (name && !random.once_in(4) && signsym_model_tensor(model, name, &tensor, nullptr) == SIGNSYM_OK)
    shape.assign(tensor->dl_tensor.shape, tensor->dl_tensor.shape + tensor->dl_tensor.ndim);
  signsym_tensor_free(tensor);
  Lent made = lent(random.one_of<signsym_type>({SIGNSYM_F32, SIGNSYM_F32, SIGNSYM_F64, SIGNSYM_I32}), shape, 4);
  spoil(made, random);
  return made;
}

namespace {

// A tensor of a host's own, of a version of DLPack that nobody knows.
struct Strange {
  DLManagedTensorVersioned tensor{};
  int64_t shape[1] = {1};
};

}  // namespace

DLManagedTensorVersioned* World::tensor() {
  if (random.once_in(16)) return nullptr;
  if (!tensors.empty() && random.once_in(2)) return random.one_of(tensors);
  if (random.once_in(8)) {
    auto* strange = new Strange;
    strange->tensor.version = {static_cast<uint32_t>(random.one_of({0, 2, 99})), 0};
    strange->tensor.manager_ctx = strange;
    strange->tensor.deleter = [](DLManagedTensorVersioned* self) { delete static_cast<Strange*>(self->manager_ctx); };
    tensors.push_back(&strange->tensor);
    return tensors.back();
  }
  const bool labels = random.once_in(2);
  const auto type = labels ? signsym_type{SIGNSYM_I64} : random.one_of<signsym_type>({SIGNSYM_F32, SIGNSYM_U8, SIGNSYM_F64});
  const int64_t shape[] = {8, 1, 4, 4};
  Given* const given = this->given();
  given->memory = std::calloc(labels ? 8 : 8 * 16, size_of(type));
  DLManagedTensorVersioned* tensor = nullptr;
  signsym_tensor_wrap(given->memory, type, shape, nullptr, labels ? 1 : 4, given, destroy_given, &tensor, nullptr);
  expect(tensor != nullptr, "a good tensor was refused");
  tensors.push_back(tensor);
  return tensor;
}

// <signsym/signsym.hpp>: what it adds to the C functions.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <signsym/signsym.hpp>
#include <stdexcept>

#include "check.h"
#include "fixture.h"

namespace {

signsym::Config config_of(signsym_config* handle) { return signsym::Config(handle); }

}  // namespace

TEST(A_cxx_program_trains_listens_and_predicts) {
  signsym::Trainer trainer(config_of(tiny_config()));
  int epochs = 0;
  trainer.on_event([&](const signsym::Event& event) { epochs += event.kind() == SIGNSYM_EVENT_EPOCH; });
  CHECK(trainer.run());
  CHECK(epochs == tiny_epochs);
  check_trained_undisturbed(trainer.get());
  const signsym::Evaluation result = trainer.evaluate();
  CHECK(result.samples == tiny_held_out && result.loss > 0);

  const signsym::Model model = trainer.model();
  const signsym::Tensor samples(tiny_samples(1));
  const signsym::Tensor rows = model.predict(samples, SIGNSYM_PROBABILITIES);
  CHECK(rows.shape() == (std::vector<int64_t>{tiny_held_out, 10}));
  double sum = 0;
  for (int i = 0; i < 10; ++i) sum += rows.data()[i];
  CHECK(std::abs(sum - 1) < 1e-5);
  CHECK(model.tensor_names().front() == "conv1.weight" && model.layer_names().back() == "fc");
  CHECK(model.alignment("fc").angle > 0);
}

TEST(A_failed_call_is_thrown_with_status_and_field) {
  try {
    config_of(tiny_config()).set("optimizer.learning_rate", "-1").check();
    CHECK(false);
  } catch (const signsym::Error& error) {
    CHECK(error.status() == SIGNSYM_INVALID_CONFIG);
    CHECK_TEXT("optimizer.learning_rate", error.field_path().c_str());
    CHECK_HAS("-1 is out of range", error.what());
  }
}

TEST(What_a_listener_throws_stops_the_run_and_is_told) {
  signsym::Trainer trainer(config_of(tiny_config()));
  trainer.on_event([](const signsym::Event& event) {
    if (event.step() == 2) throw std::runtime_error("the window was closed");
  });
  try {
    trainer.run();
    CHECK(false);
  } catch (const signsym::Error& error) {
    CHECK(error.status() == SIGNSYM_CALLBACK_FAILED);
    CHECK_HAS("the window was closed", error.what());
  }
}

TEST(A_data_set_is_made_of_memory_or_of_a_function_and_a_run_is_cancelled) {
  signsym::Dataset memory = signsym::Dataset::from_memory(signsym::Tensor(tiny_samples(0)),
                                                          signsym::Tensor(tiny_targets(0)), 10);
  signsym::Dataset function = signsym::Dataset::from_callback(
      tiny_held_out, 10, {3, 32, 32}, SIGNSYM_U8, [](int64_t index, void* sample) {
        std::memcpy(sample, tiny_pictures(1) + index * tiny_picture, tiny_picture);
        return tiny_labels(1)[index];
      });
  CHECK(memory.size() == tiny_training && function.classes() == 10);
  signsym::Trainer trainer(config_of(tiny_host_config()), nullptr, &memory, &function);
  signsym::CancelToken token;
  trainer.on_event([&](const signsym::Event& event) {
    if (event.step() == 3) token.cancel();
  });
  CHECK(!trainer.run(&token) && token.is_cancelled());
  CHECK(trainer.run());
  check_trained_undisturbed(trainer.get());
}

TEST(A_checkpoint_is_a_string_and_a_rate_is_set_and_taken_back) {
  signsym::Trainer first(config_of(tiny_config())), second(config_of(tiny_config()));
  CHECK(!first.run_for(0, 3));
  second.restore(first.checkpoint());
  second.set_learning_rate(0.01);
  CHECK(second.learning_rate() == 0.01);
  second.set_learning_rate({});
  CHECK(second.run());
  check_trained_undisturbed(second.get());
}

TEST(A_moved_from_object_is_refused_and_its_tensor_is_empty) {
  signsym::Model model(config_of(tiny_config()));
  signsym::Tensor samples(tiny_samples(1));
  const signsym::Tensor moved = std::move(samples);
  CHECK(samples.shape().empty() && samples.data() == nullptr && moved.shape()[0] == tiny_held_out);
  try {
    model.predict(samples);
    CHECK(false);
  } catch (const signsym::Error& error) {
    CHECK(error.status() == SIGNSYM_INVALID_ARGUMENT);
  }
  const signsym::Model taken = std::move(model);
  CHECK(model.layer_names().empty());
  CHECK(taken.layer_names().size() == taken.layer_rules().size() && taken.layer_rules().back() == "SIGN_SYMMETRY");
  CHECK(taken.parameter_names().size() < taken.tensor_names().size());
  CHECK(signsym::status_name(SIGNSYM_IO) == "SIGNSYM_IO" && signsym::abi_version() == signsym_abi_version());
}

TEST(A_tensor_over_memory_in_any_order_holds_its_owner) {
  const auto pixels = std::make_shared<std::vector<float>>(12);
  signsym::Tensor tensor = signsym::Tensor::view(pixels->data(), SIGNSYM_F32, {2, 3}, {1, 4}, pixels);
  CHECK(pixels.use_count() == 2 && tensor.dl()->strides[1] == 4);
  tensor = signsym::Tensor(nullptr);
  CHECK(pixels.use_count() == 1);
  try {
    signsym::Tensor::view(pixels->data(), SIGNSYM_F32, {2, 3}, {1}, pixels);
    CHECK(false);
  } catch (const signsym::Error& error) {
    CHECK(error.status() == SIGNSYM_INVALID_ARGUMENT);
  }
  CHECK(pixels.use_count() == 1);
}

TEST(A_run_on_the_programs_own_data_is_resumed_with_them) {
  char* folder = scratch("resumed");
  const auto memory = [] {
    return signsym::Dataset::from_memory(signsym::Tensor(tiny_samples(0)), signsym::Tensor(tiny_targets(0)), 10);
  };
  signsym::Dataset training = memory();
  CHECK(training.shape() == (std::vector<int64_t>{3, 32, 32}));
  {
    signsym::Config config = config_of(tiny_host_config());
    config.set("output.folder", folder);
    signsym::Trainer trainer(config, nullptr, &training, nullptr);
    signsym::CancelToken token;
    trainer.on_event([&](const signsym::Event& event) {
      if (event.step() == 3) token.cancel();
    });
    CHECK(!trainer.run(&token));
  }
  signsym::Trainer trainer = signsym::Trainer::resume(folder, nullptr, &training);
  CHECK(trainer.run());
  check_trained_undisturbed(trainer.get());
  std::free(folder);
}

// What a host in C++ or with LibTorch finds as it was.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <locale>
#include <string>

#undef CHECK  // LibTorch's
#include "check.h"
#include "fixture.h"

namespace {

void train() {
  signsym_trainer* trainer = tiny_trainer(nullptr);
  CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
  signsym_trainer_free(trainer);
}

struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\1"; }
};

std::string build_info() {
  signsym_bytes* bytes = nullptr;
  CHECK_OK(signsym_build_info(SIGNSYM_JSON, &bytes, nullptr));
  const std::string text = signsym_bytes_data(bytes);
  signsym_bytes_free(bytes);
  return text;
}

}  // namespace

TEST(LibTorch_s_generator_and_default_type_are_left_alone) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
  generator.set_current_seed(17);
  at::set_default_dtype(at::scalarTypeToTypeMeta(at::kDouble));
  const at::Tensor state = generator.get_state().clone();
  train();
  CHECK(at::get_default_dtype_as_scalartype() == at::kDouble);
  CHECK(at::equal(state, generator.get_state()));
  signsym_trainer* trainer = tiny_trainer(nullptr);  // and a default of double changes nothing in a training
  CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
  at::set_default_dtype(at::scalarTypeToTypeMeta(at::kFloat));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
}

TEST(A_global_locale_of_Cxx_with_a_decimal_comma_and_groups_changes_nothing) {
  const std::string before = build_info();
  std::locale::global(std::locale(std::locale::classic(), new Comma));
  const std::string after = build_info();
  CHECK_TEXT(before.c_str(), after.c_str());
  char* folder = scratch("comma");
  signsym_trainer* trainer = tiny_trainer(folder);
  CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
  signsym_trainer_free(trainer);
  CHECK_OK(signsym_trainer_resume(folder, nullptr, &trainer, nullptr));
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  free(folder);
}

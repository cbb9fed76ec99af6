// A host with a Protobuf of its own, shared and visible, that has the messages of proto/signsym/v1 too. LibTorch brings
// a third one. Linked twice: with either library before the other.
#include <string>

#include "check.h"
#include "fixture.h"
#include "signsym/v1/experiment.pb.h"
#include "signsym/v1/metrics.pb.h"

namespace {

template <typename Message>
Message read(signsym_bytes* bytes) {
  Message message;
  CHECK(message.ParseFromArray(signsym_bytes_data(bytes), static_cast<int>(signsym_bytes_size(bytes))));
  signsym_bytes_free(bytes);
  return message;
}

}  // namespace

TEST(A_host_makes_and_reads_messages_with_its_own_Protobuf_before_and_after_the_library_does) {
  signsym::v1::Experiment host;
  host.mutable_train()->set_epochs(tiny_epochs);
  CHECK(host.GetDescriptor()->full_name() == "signsym.v1.Experiment");

  signsym_config* config = tiny_config();
  signsym_bytes* bytes = nullptr;
  CHECK_OK(signsym_config_write(config, SIGNSYM_BINARY, &bytes, nullptr));
  signsym_config_free(config);
  host.MergeFrom(read<signsym::v1::Experiment>(bytes));
  host.set_name("made by the host");

  const std::string binary = host.SerializeAsString();
  CHECK_OK(signsym_config_create(binary.data(), binary.size(), SIGNSYM_BINARY, nullptr, &config, nullptr));
  signsym_trainer* trainer = nullptr;
  CHECK_OK(signsym_trainer_create(config, &trainer, nullptr));
  CHECK_OK(signsym_trainer_run(trainer, nullptr, nullptr));
  CHECK_OK(signsym_trainer_metrics(trainer, SIGNSYM_BINARY, &bytes, nullptr));
  const auto metrics = read<signsym::v1::Metrics>(bytes);
  CHECK(metrics.finished() && metrics.step() == tiny_steps);
  CHECK(metrics.ShortDebugString().find("finished: true") == 0);
  check_trained_undisturbed(trainer);
  signsym_trainer_free(trainer);
  signsym_config_free(config);
}

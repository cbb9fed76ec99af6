// Trains what a config says: train_cxx CONFIG.
#include <signsym/signsym.h>

#include <iostream>
#include <memory>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  signsym_error *error = nullptr;
  signsym_trainer *trainer = nullptr;
  const auto on_event = [](const signsym_event *event, void *) -> int {
    if (signsym_event_type(event) == SIGNSYM_EVENT_EPOCH) std::cout << "epoch: " << signsym_event_json(event) << std::endl;
    return 0;
  };
  if (signsym_trainer_create_from_file(argv[1], &trainer, &error) ||
      signsym_trainer_on_event(trainer, on_event, nullptr, nullptr, &error) ||
      signsym_trainer_run(trainer, nullptr, &error))
    std::cerr << signsym_error_message(error) << std::endl;
  const std::unique_ptr<signsym_trainer, void (*)(signsym_trainer *)> owner(trainer, signsym_trainer_free);
  const std::unique_ptr<signsym_error, void (*)(signsym_error *)> message(error, signsym_error_free);
  return error != nullptr;
}

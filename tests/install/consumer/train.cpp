// Trains what a config says: train_cxx CONFIG.
#include <signsym/signsym.hpp>

#include <iostream>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  try {
    auto trainer = signsym::Trainer::from_file(argv[1]);
    trainer.on_event([](const signsym::Event &event) {
      if (event.kind() == SIGNSYM_EVENT_EPOCH)
        std::cout << "epoch " << event.epoch() << ": loss " << event.loss() << std::endl;
    });
    trainer.run();
    return 0;
  } catch (const signsym::Error &error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}

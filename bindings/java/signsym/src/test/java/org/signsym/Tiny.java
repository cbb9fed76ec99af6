package org.signsym;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A run of a moment: 64 pictures of CIFAR-10 in 4 steps an epoch, 32 held out, a network of 4 channels. */
final class Tiny {
  static final Path SOURCE = Path.of(System.getProperty("signsym.source"));
  static final Path DATA = makeData();

  private Tiny() {}

  static Config config() {
    return Config.text("name: 'tiny'\n"
        + "data { cifar10 { path: '" + DATA + "' } batch_size: 16 transform { flip {} } transform { normalize {} } }\n"
        + "model { resnet_cifar { depth: 8 width: 4 } }\n"
        + "feedback { rule: SIGN_SYMMETRY }\n"
        + "optimizer { learning_rate: 0.05 }\n"
        + "train { epochs: 2 }\n"
        + "compute { threads: 1 precision: FP32 }\n");
  }

  static Trainer trainer() {
    return Trainer.create(config());
  }

  private static Path makeData() {
    try {
      Path folder = Files.createTempDirectory("signsym-java");
      copy(folder, "data_batch_1.bin", 64);
      copy(folder, "test_batch.bin", 32);
      folder.toFile().deleteOnExit();
      return folder;
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static void copy(Path folder, String name, int records) throws IOException {
    try (InputStream from = Files.newInputStream(SOURCE.resolve("examples/data/cifar10").resolve(name))) {
      Path to = folder.resolve(name);
      Files.write(to, from.readNBytes(records * 3073));
      to.toFile().deleteOnExit();
    }
  }
}

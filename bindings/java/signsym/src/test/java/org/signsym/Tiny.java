package org.signsym;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A run of a moment: 64 pictures of CIFAR-10 in 4 steps an epoch, 32 held out, a network of 4 channels. */
final class Tiny {
  static final Path SOURCE = Path.of(System.getProperty("signsym.source"));
  static final Path DATA = makeData();

  private Tiny() {}

  static Config config() {
    return Config.text("name: 'tiny'\n"
        + "data { cifar10 {} batch_size: 16 transform { flip {} } transform { normalize {} } }\n"
        + "model { resnet_cifar { depth: 8 width: 4 } }\n"
        + "feedback { rule: SIGN_SYMMETRY }\n"
        + "optimizer { learning_rate: 0.05 }\n"
        + "train { epochs: 2 }\n"
        + "compute { threads: 1 precision: FP32 }\n").withText("data.cifar10.path", DATA.toString());
  }

  /** The same for data that a test gives. */
  static Config hostConfig() {
    return config().with("data.host", "{}")
        .with("data.transform[1].normalize", "{ mean: [0.4914, 0.4822, 0.4465] std: [0.2470, 0.2435, 0.2616] }")
        .with("model.input", "{ channels: 3 height: 32 width: 32 }").with("model.resnet_cifar.classes", "10");
  }

  /** Labels and pictures of a file, as CIFAR-10 has them: a byte, then 3072. */
  static byte[] records(boolean training) {
    try {
      return Files.readAllBytes(DATA.resolve(training ? "data_batch_1.bin" : "test_batch.bin"));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** The pictures in place, in the file's order: a record is 3073 bytes from the next. */
  static Tensor pictures(boolean training) {
    byte[] records = records(training);
    ByteBuffer memory = ByteBuffer.allocateDirect(records.length).put(records).flip().position(1);
    return Tensor.wrap(memory, Type.U8, new long[] {records.length / 3073, 3, 32, 32}, new long[] {3073, 1024, 32, 1});
  }

  static Tensor labels(boolean training) {
    byte[] records = records(training);
    long[] labels = new long[records.length / 3073];
    for (int i = 0; i < labels.length; i++) labels[i] = records[i * 3073];
    return Tensor.of(labels);
  }

  static Dataset dataset(boolean training) {
    return Dataset.of(pictures(training), labels(training), Layout.NCHW, 10);
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

package org.signsym;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With threads, precision and deterministic mode fixed, a run's bytes do not depend on who runs it. */
@Timeout(120)
class SameBytesTest {
  private static final Path BIN = Path.of(System.getProperty("signsym.build")).resolve("../../bin");

  /** A run of a moment on one thread. */
  @Test
  void driver_C_and_Java_write_the_same_checkpoints(@TempDir Path folder) throws Exception {
    checkSame(Tiny.config().with("compute.deterministic", "true"), folder);
  }

  /** What C# is held to as well: on two threads, under a rule that keeps random numbers. */
  @Test
  void driver_C_Java_and_CSharp_write_the_same_checkpoints(@TempDir Path folder) throws Exception {
    checkSame(Config.file(Tiny.SOURCE.resolve("bindings/same-bytes.textproto"))
        .withText("data.cifar10.path", Tiny.SOURCE.resolve("examples/data/cifar10").toString()), folder);
  }

  private static void checkSame(Config config, Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("config.textproto"), config.toText());
    run(BIN.resolve("signsym").toString(), "train", file.toString(), "--out", folder.resolve("driver").toString());
    Files.writeString(file, into(config, folder.resolve("c")).toText());
    run(BIN.resolve("train_c").toString(), file.toString());
    try (Trainer trainer = Trainer.create(into(config, folder.resolve("java")))) {
      trainer.train();
    }
    try (Trainer trainer = Trainer.create(into(config, folder.resolve("thread")))) {
      trainer.trainAsync().get();
    }
    TreeMap<String, byte[]> driver = bytes(folder.resolve("driver"));
    assertTrue(driver.size() >= 2, driver.keySet().toString());
    for (String other : new String[] {"c", "java", "thread"}) {
      TreeMap<String, byte[]> found = bytes(folder.resolve(other));
      assertEquals(driver.keySet(), found.keySet());
      driver.forEach((name, content) -> assertArrayEquals(content, found.get(name), other + ": " + name));
    }
  }

  private static Config into(Config config, Path run) {
    return config.withText("output.folder", run.toString());
  }

  /** Checkpoints and model of a run. */
  private static TreeMap<String, byte[]> bytes(Path run) throws Exception {
    TreeMap<String, byte[]> files = new TreeMap<>();
    try (var paths = Files.walk(run)) {
      for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
        String name = run.relativize(path).toString();
        if (name.contains("checkpoint") || name.endsWith(".safetensors")) files.put(name, Files.readAllBytes(path));
      }
    }
    return files;
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), output);
  }
}

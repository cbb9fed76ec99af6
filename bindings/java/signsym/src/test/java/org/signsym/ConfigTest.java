package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.signsym.v1.Data;
import org.signsym.v1.Experiment;
import org.signsym.v1.Feedback;
import org.signsym.v1.Lenet;
import org.signsym.v1.Mnist;
import org.signsym.v1.Model;
import org.signsym.v1.Rule;

class ConfigTest {
  private static final Experiment MESSAGE = Experiment.newBuilder()
      .setName("Vögel 🐦")
      .setData(Data.newBuilder().setMnist(Mnist.newBuilder().setPath("mnist")))
      .setModel(Model.newBuilder().setLenet(Lenet.newBuilder().setClasses(10)))
      .setFeedback(Feedback.newBuilder().setRule(Rule.FEEDBACK_ALIGNMENT))
      .build();

  @Test
  void builders_text_and_JSON_say_the_same() {
    Config config = Config.of(MESSAGE);
    assertEquals(MESSAGE, config.toMessage());
    assertEquals(MESSAGE, Config.text(config.toText()).toMessage());
    assertEquals(MESSAGE, Config.json(config.toJson()).toMessage());
    assertTrue(config.toJson().contains("Vögel 🐦"));
  }

  @Test
  void a_file_is_read_by_its_ending(@TempDir Path folder) throws Exception {
    Path text = Files.writeString(folder.resolve("ein Vögelchen.textproto"), Config.of(MESSAGE).toText());
    Path binary = Files.write(folder.resolve("c.binpb"), MESSAGE.toByteArray());
    assertEquals(MESSAGE, Config.file(text).toMessage());
    assertEquals(MESSAGE, Config.file(binary).toMessage());
  }

  @Test
  void with_changes_a_copy() {
    Config config = Config.of(MESSAGE);
    Config changed = config.with("train.epochs", "7");
    assertEquals(7, changed.toMessage().getTrain().getEpochs());
    assertEquals(MESSAGE, config.toMessage());
  }

  @Test
  void text_is_taken_as_it_is() {
    Config config = Config.of(MESSAGE);
    String text = "C:\\new 'und' \"größer\" 🐦\n\r\t\\";
    assertEquals(text, config.withText("data.mnist.path", text).toMessage().getData().getMnist().getPath());
    assertEquals("", config.withText("name", "").toMessage().getName());
    assertEquals(Status.INVALID_CONFIG,
        assertThrows(SignSymException.class, () -> config.withText("train.epochs", "7")).status());
    assertThrows(NullPointerException.class, () -> config.withText("name", null));
  }

  @Test
  void resolve_writes_every_default_out() {
    Experiment resolved = Config.of(MESSAGE).resolve().toMessage();
    assertEquals(30, resolved.getTrain().getEpochs());
    assertTrue(resolved.getOptimizer().getSgd().hasMomentum());
  }

  @Test
  void the_hash_is_of_the_meaning() {
    Config config = Config.of(MESSAGE);
    assertTrue(config.hash().matches("[0-9a-f]{64}"));
    assertEquals(config.hash(), config.withText("data.mnist.path", "elsewhere").hash());
    assertEquals(config.hash(), config.resolve().hash());
    assertTrue(!config.hash().equals(config.with("train.epochs", "7").hash()));
  }

  @Test
  void a_value_out_of_range_names_its_field() {
    Config config = Config.of(MESSAGE).with("optimizer.learning_rate", "-1");
    SignSymException error = assertThrows(SignSymException.class, config::check);
    assertEquals(Status.INVALID_CONFIG, error.status());
    assertEquals("optimizer.learning_rate", error.field());
    assertTrue(error.getMessage().contains("-1"), error.getMessage());
  }

  @Test
  void what_is_no_config_is_refused_in_words() {
    for (String text : new String[] {"data {", "dtaa {}", "\u0000"}) {
      SignSymException error = assertThrows(SignSymException.class, () -> Config.text(text), text);
      assertEquals(Status.INVALID_CONFIG, error.status());
      assertTrue(error.getMessage().length() > 10);
    }
    assertThrows(SignSymException.class, () -> Config.json("[]"));
    assertThrows(NullPointerException.class, () -> Config.text(null));
  }

  @Test
  void errors_say_the_source_that_was_named() {
    for (SignSymException error : new SignSymException[] {
        assertThrows(SignSymException.class, () -> Config.text("data {", "the form's field")),
        assertThrows(SignSymException.class, () -> Config.json("[]", "the form's field"))}) {
      assertTrue(error.getMessage().contains("the form's field"), error.getMessage());
    }
    assertEquals(MESSAGE, Config.text(Config.of(MESSAGE).toText(), "the form's field").toMessage());
  }

  @Test
  void errors_say_where_a_field_came_from_whatever_was_changed_since(@TempDir Path folder) throws Exception {
    String text = "seed: 1 data { host {} } model { lenet {} }\noptimizer { learning_rate: -1 }";
    Path file = Files.writeString(folder.resolve("mine.textproto"), text);
    for (Config config : new Config[] {Config.text(text, "mine.textproto"), Config.file(file),
        Config.file(file).with("seed", "2").withText("name", "x")}) {
      for (Executable call : new Executable[] {config::check, config::resolve, config::hash,
          () -> Trainer.create(config)}) {
        SignSymException error = assertThrows(SignSymException.class, call);
        assertTrue(error.getMessage().contains("mine.textproto:2:"), error.getMessage());
      }
    }
    SignSymException error = assertThrows(SignSymException.class,
        () -> Config.file(file).with("optimizer.learning_rate", "-2").check());
    assertTrue(error.getMessage().contains("mine.textproto: optimizer.learning_rate (set after reading): -2"),
        error.getMessage());
  }

  @Test
  void configs_that_say_the_same_are_equal() {
    Config config = Config.of(MESSAGE);
    assertEquals(config, Config.text(config.toText(), "elsewhere"));
    assertEquals(config.hashCode(), Config.json(config.toJson()).hashCode());
    assertFalse(config.equals(config.with("seed", "3")));
    assertFalse(config.equals(null));
    assertFalse(config.equals(MESSAGE));
  }

  @Test
  void any_threads_may_use_a_config_at_once() {
    Config config = Config.of(MESSAGE);
    String hash = config.hash();
    assertTrue(IntStream.range(0, 400).parallel().allMatch(i -> config.hash().equals(hash)
        && config.with("seed", String.valueOf(i)).toMessage().getSeed() == i));
  }

  @Test
  void a_file_that_is_not_there_is_NOT_FOUND() {
    SignSymException error = assertThrows(SignSymException.class, () -> Config.file(Path.of("no/such.textproto")));
    assertEquals(Status.NOT_FOUND, error.status());
    assertTrue(error.getMessage().contains("no/such.textproto"));
    assertEquals(Status.NOT_FOUND,
        assertThrows(SignSymException.class, () -> Config.run(Path.of("no-such-run"))).status());
  }

  @Test
  void text_with_a_NUL_is_refused() {
    Config config = Config.of(MESSAGE);
    assertThrows(IllegalArgumentException.class, () -> config.with("train.epochs", "7\0"));
  }

  @Test
  void half_a_surrogate_pair_is_refused() {
    Config config = Config.of(MESSAGE);
    for (String half : new String[] {"ab\ud800", "ab\udc00c"}) {
      for (Executable call : new Executable[] {() -> config.withText("name", half), () -> config.with(half, "1"),
          () -> Config.text("# " + half), () -> Config.json(half), () -> Config.text("", half)}) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, call);
        assertTrue(error.getMessage().contains("half a surrogate pair"), error.getMessage());
      }
    }
  }

  @Test
  void a_path_of_another_file_system_is_refused(@TempDir Path folder) throws Exception {
    try (FileSystem archive = FileSystems.newFileSystem(folder.resolve("a.zip"), Map.of("create", "true"))) {
      Path inside = archive.getPath("/config.textproto");
      Files.writeString(inside, Config.of(MESSAGE).toText());
      try (Trainer trainer = Tiny.trainer(); org.signsym.Model model = trainer.model()) {
        for (Executable call : new Executable[] {() -> Config.file(inside), () -> Config.run(inside),
            () -> Trainer.fromFile(inside), () -> Trainer.resume(inside), () -> Trainer.resume(inside, Tiny.config()),
            () -> trainer.saveCheckpoint(inside), () -> org.signsym.Model.load(inside),
            () -> model.saveWeights(inside), () -> model.loadWeights(inside)}) {
          SignSymException error = assertThrows(SignSymException.class, call);
          assertEquals(Status.INVALID_ARGUMENT, error.status());
          assertTrue(error.getMessage().contains("a.zip") && error.getMessage().contains("copy it to a file"),
              error.getMessage());
        }
      }
    }
  }

  @Test
  void a_file_that_is_not_called_so_in_UTF_8_is_refused(@TempDir Path folder) throws Exception {
    String create = "echo > \"$0/$(printf 'V\\366gel')\""; // of ISO 8859-1
    assertEquals(0, new ProcessBuilder("sh", "-c", create, folder.toString()).start().waitFor());
    try (var files = Files.list(folder)) {
      Path file = files.findFirst().get();
      SignSymException error = assertThrows(SignSymException.class, () -> Config.file(file));
      assertEquals(Status.INVALID_ARGUMENT, error.status());
      assertTrue(error.getMessage().contains("in UTF-8"), error.getMessage());
    }
    for (Charset java : new Charset[] {StandardCharsets.ISO_8859_1, StandardCharsets.US_ASCII}) {
      assertTrue(FileName.isSame(Path.of("Vogel"), "Vogel", java));
      assertFalse(FileName.isSame(Path.of("Vögel"), "Vögel", java));
    }
  }
}

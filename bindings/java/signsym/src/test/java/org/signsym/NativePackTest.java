package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativePackTest {
  private static final String PLATFORM =
      Natives.platform(System.getProperty("os.name"), System.getProperty("os.arch"));

  private static NativePack pack() {
    return NativePack.find(PLATFORM, "natives");
  }

  private static List<String> names(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void it_is_unpacked_once_into_a_folder_named_by_its_content(@TempDir Path root) throws Exception {
    List<Path> files = pack().unpack(root);
    assertEquals(List.of("libsignsym.so.0", "libsignsym_java.so"),
        files.stream().map(file -> file.getFileName().toString()).toList());
    var time = Files.getLastModifiedTime(files.get(0));
    assertEquals(files, pack().unpack(root));
    assertEquals(time, Files.getLastModifiedTime(files.get(0)));
    assertTrue(files.get(0).getParent().getFileName().toString().matches("natives-[0-9a-f]{32}"));
  }

  @Test
  void one_half_written_is_repaired_and_its_remains_go(@TempDir Path root) throws Exception {
    Path file = pack().unpack(root).get(0);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length / 2));
    Path part = Files.createDirectory(root.resolve(file.getParent().getFileName() + ".part123"));
    Files.writeString(part.resolve("libsignsym.so.0"), "half");
    assertEquals(file, pack().unpack(root).get(0));
    assertEquals(whole.length, Files.size(file));
    assertEquals(2, names(root).size(), names(root).toString()); // the folder and its lock
    Files.delete(file);
    pack().unpack(root);
    assertEquals(whole.length, Files.size(file));
  }

  @Test
  void several_that_begin_at_once_all_get_whole_files(@TempDir Path root) throws Exception {
    var threads = Executors.newFixedThreadPool(4);
    List<Callable<List<Path>>> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) calls.add(() -> pack().unpack(root));
    List<Path> first = null;
    for (Future<List<Path>> result : threads.invokeAll(calls)) {
      if (first == null) first = result.get();
      assertEquals(first, result.get());
    }
    threads.shutdown();
    assertEquals(2, names(root).size(), names(root).toString());
  }

  @Test
  void a_home_that_cannot_be_written_is_passed_over(@TempDir Path own) throws Exception {
    List<String> caches = NativePack.caches(Map.of("XDG_CACHE_HOME", "/dev/null/none"));
    assertEquals("/dev/null/none/signsym", caches.get(0));
    assertThrows(IOException.class, () -> pack().unpack(Path.of(caches.get(0))));
    assertEquals(System.getProperty("java.io.tmpdir") + "/signsym-" + Files.getOwner(own),
        caches.get(caches.size() - 1));
    assertEquals(2, NativePack.caches(Map.of("XDG_CACHE_HOME", "relative")).size());
    String unspeakable = "/no\0name"; // as any character that Java's locale has not
    Path file = pack().unpack(List.of("/dev/null/none", unspeakable, own.toString())).get(0);
    assertEquals(own, file.getParent().getParent());
    SignSymException error = assertThrows(SignSymException.class, () -> pack().unpack(List.of(unspeakable)));
    assertTrue(error.getMessage().contains("-Dorg.signsym.cache="), error.getMessage());
  }

  @Test
  void a_thread_that_was_interrupted_unpacks_nothing_and_says_so(@TempDir Path first, @TempDir Path second)
      throws Exception {
    List<String> roots = List.of(first.toString(), second.toString());
    Thread.currentThread().interrupt();
    SignSymException error = assertThrows(SignSymException.class, () -> pack().unpack(roots));
    assertTrue(Thread.interrupted());
    assertTrue(error.getMessage().contains("the thread was interrupted"), error.getMessage());
    assertEquals(List.of(), names(second));
    assertEquals(first, pack().unpack(roots).get(0).getParent().getParent());
  }

  @Test
  void without_locks_what_another_process_writes_or_has_written_is_left_alone(@TempDir Path root) throws Exception {
    Path folder = pack().unpack(root).get(0).getParent();
    Object written = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
    Path part = Files.createDirectory(root.resolve(folder.getFileName() + ".part123"));
    Files.writeString(part.resolve("libsignsym.so.0"), "half");
    pack().write(root, folder, false);
    assertEquals(written, Files.readAttributes(folder, BasicFileAttributes.class).fileKey());
    assertTrue(Files.exists(part.resolve("libsignsym.so.0")));
    assertEquals(3, names(root).size(), names(root).toString());
    pack().write(root, folder, true);
    assertEquals(2, names(root).size(), names(root).toString());
  }

  @Test
  void a_folder_that_others_may_write_is_not_trusted(@TempDir Path root) throws Exception {
    Path shared = Files.createDirectory(root.resolve("shared"));
    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
    IOException error = assertThrows(IOException.class, () -> pack().unpack(shared));
    assertTrue(error.getMessage().contains("others may write"), error.getMessage());
  }

  @Test
  void a_cache_that_was_named_and_cannot_be_used_is_said_with_the_remedy() {
    String before = System.setProperty(NativePack.CACHE, "/dev/null/none");
    try {
      SignSymException error = assertThrows(SignSymException.class, () -> pack().unpack());
      assertEquals(Status.IO, error.status());
      assertTrue(error.getMessage().contains("/dev/null/none"), error.getMessage());
      assertTrue(error.getMessage().contains("-Dorg.signsym.cache="), error.getMessage());
    } finally {
      System.setProperty(NativePack.CACHE, before);
    }
  }

  @Test
  void systems_and_processors_are_told_apart() {
    assertEquals("linux-x86_64", Natives.platform("Linux", "amd64"));
    assertEquals("linux-aarch64", Natives.platform("Linux", "aarch64"));
    for (String[] machine : new String[][] {{"Windows 11", "amd64"}, {"Linux", "i386"}, {"Mac OS X", "aarch64"}}) {
      SignSymException error =
          assertThrows(SignSymException.class, () -> Natives.platform(machine[0], machine[1]));
      assertEquals(Status.UNSUPPORTED, error.status());
      assertTrue(error.getMessage().contains(machine[0]) && error.getMessage().contains(machine[1]));
    }
  }

  @Test
  void musl_and_another_LibTorch_are_refused_with_the_remedy(@TempDir Path folder) throws Exception {
    SignSymException musl = assertThrows(SignSymException.class,
        () -> Natives.refuseMusl(Set.of(Path.of("/lib/ld-musl-x86_64.so.1"))));
    assertTrue(musl.getMessage().contains("musl"));
    Path ours = Files.writeString(folder.resolve("libtorch_cpu.so"), "");
    Path other = Path.of("/opt/djl/libtorch_cpu.so");
    Natives.refuseAnother(ours, Set.of(ours, Path.of("/lib/libc.so.6")));
    SignSymException error =
        assertThrows(SignSymException.class, () -> Natives.refuseAnother(ours, Set.of(other)));
    assertEquals(Status.UNSUPPORTED, error.status());
    assertTrue(error.getMessage().contains("/opt/djl") && error.getMessage().contains("-Dorg.signsym.libtorch="));
  }

  @Test
  void classes_and_library_of_two_versions_are_refused_with_both() {
    Natives.refuseVersion(SignSym.version(), Path.of("libsignsym.so.0"));
    SignSymException error = assertThrows(SignSymException.class,
        () -> Natives.refuseVersion("9.9.9", Path.of("libsignsym.so.0")));
    assertEquals(Status.MISMATCH, error.status());
    assertTrue(error.getMessage().contains("9.9.9") && error.getMessage().contains(SignSym.version()),
        error.getMessage());
  }

  @Test
  void what_the_loader_says_comes_with_a_remedy() {
    Path file = Path.of("libsignsym.so.0");
    assertTrue(Natives.explain(file, "version `GLIBC_2.36' not found").contains("too old"));
    assertTrue(Natives.explain(file, "failed to map segment from shared object").contains("noexec"));
    assertTrue(Natives.explain(file, "undefined symbol: _ZN2at").contains("another version"));
    assertTrue(Natives.explain(file, "cannot open shared object file (Possible cause: can't load RISC-V .so on a AMD 64 "
        + "platform)").contains("another processor"));
    assertTrue(Natives.explain(file, "already loaded in another classloader").contains("class loader"));
  }
}

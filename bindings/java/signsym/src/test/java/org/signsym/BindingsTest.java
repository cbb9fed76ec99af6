package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.signsym.internal.Raw;

class BindingsTest {
  private static Set<String> matches(String expression, String text) {
    Set<String> found = new TreeSet<>();
    Matcher matcher = Pattern.compile(expression, Pattern.MULTILINE).matcher(text);
    while (matcher.find()) found.add(matcher.group(1));
    return found;
  }

  private static Set<String> declared() throws Exception {
    Set<String> functions = matches("^SIGNSYM_API [^(]*?(signsym_\\w+)\\(",
        Files.readString(Tiny.SOURCE.resolve("capi/include/signsym/signsym.h")));
    assertTrue(functions.size() > 80, functions.toString());
    return functions;
  }

  @Test
  void every_function_of_the_C_ABI_is_bound() throws Exception {
    Set<String> bound = new TreeSet<>();
    Arrays.stream(Raw.class.getMethods()).map(method -> method.getName())
        .filter(name -> name.startsWith("signsym_")).forEach(bound::add);
    assertEquals(declared(), bound);
  }

  @Test
  void the_API_uses_every_function_but_those_that_others_stand_for() throws Exception {
    StringBuilder code = new StringBuilder();
    Path binding = Tiny.SOURCE.resolve("bindings/java");
    try (var files = Files.walk(binding.resolve("signsym/src/main"))) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) code.append(Files.readString(file));
    }
    for (String file : List.of("native/host.c", "typemaps.i")) { // errors become exceptions there, bytes arrays
      code.append(Files.readString(binding.resolve(file)));
    }
    Set<String> unused = declared();
    unused.removeAll(matches("\\b(signsym_\\w+)\\b", code.toString()));
    assertEquals(Set.of(
        "signsym_abi_version", // the versions of classes and library are to be equal
        "signsym_error_status", "signsym_status_name", // what a call returned; Status has the names
        "signsym_trainer_create", "signsym_trainer_create_from_file"), // a Config, and signsym_trainer_create_with
        unused);
  }

  @Test
  void the_library_says_its_version_and_machine() {
    assertEquals("0.1.0", SignSym.version());
    assertTrue(SignSym.buildInfo().getVersions().getLibtorch().startsWith("2."), SignSym.buildInfo().toString());
  }

  @Test
  void each_status_has_its_name() {
    Natives.load();
    for (Status status : Status.values()) {
      assertEquals("SIGNSYM_" + status, Raw.signsym_status_name(status.ordinal() + 1));
    }
    assertEquals("", Raw.signsym_status_name(Status.values().length + 1));
  }
}

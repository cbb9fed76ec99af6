package org.signsym;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.signsym.internal.Raw;

class BindingsTest {
  @Test
  void every_function_of_the_C_ABI_is_bound() throws Exception {
    String header = Files.readString(Tiny.SOURCE.resolve("capi/include/signsym/signsym.h"));
    Matcher declaration = Pattern.compile("^SIGNSYM_API [^(]*?(signsym_\\w+)\\(", Pattern.MULTILINE).matcher(header);
    Set<String> functions = new TreeSet<>();
    while (declaration.find()) functions.add(declaration.group(1));
    assertTrue(functions.size() > 40, functions.toString());
    Set<String> bound = new TreeSet<>();
    Arrays.stream(Raw.class.getMethods()).map(method -> method.getName())
        .filter(name -> name.startsWith("signsym_")).forEach(bound::add);
    assertEquals(functions, bound);
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

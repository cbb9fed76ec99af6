package org.signsym;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/** Names of files at the border, where the library opens what Java names. */
final class FileName {
  private FileName() {}

  /** Refuses a path by whose text the library would open another file. */
  static String of(Path path) {
    if (path.getFileSystem() != FileSystems.getDefault()) {
      throw refusal(path + " is in " + path.getFileSystem() + ", not on this machine's disk: copy it to a file first");
    }
    String name = path.toString();
    if (!isSame(path, name, Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")))) {
      throw refusal(name + " is not what that file is called in UTF-8, by which the library opens it: rename the file, or "
          + "start Java in a locale of UTF-8 (LC_ALL=C.UTF-8)");
    }
    return name;
  }

  /** Whether the name in UTF-8 is the path's, where Java takes names of files to be in `java`. */
  static boolean isSame(Path path, String name, Charset java) {
    return new String(name.getBytes(StandardCharsets.UTF_8), java).equals(name) && Path.of(name).equals(path);
  }

  private static SignSymException refusal(String message) {
    return new SignSymException(Status.INVALID_ARGUMENT, message, "");
  }
}

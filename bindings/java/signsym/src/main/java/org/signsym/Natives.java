package org.signsym;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.signsym.internal.Raw;

/**
 * Loads the native libraries: the library and its JNI part from signsym-natives-…, LibTorch from signsym-libtorch-… or
 * from the folder that the property org.signsym.libtorch names. Each failure says its remedy.
 */
final class Natives {
  static final String LIBTORCH = "org.signsym.libtorch";

  private static final System.Logger LOGGER = System.getLogger("org.signsym");
  private static boolean loaded;

  private Natives() {}

  /** Cheap after the first time. */
  static synchronized void load() {
    if (loaded) return;
    String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
    Set<Path> mapped = mappedLibraries();
    refuseMusl(mapped);
    NativePack natives = NativePack.find(platform, "natives");
    if (natives == null) throw missing("signsym-natives-" + platform, "the library's native part", "");
    List<Path> files = libtorch(platform);
    refuseAnother(files.get(files.size() - 1), mapped);
    files.addAll(natives.unpack());
    for (Path file : files) load(file);
    refuseVersion(Raw.signsym_version(), files.get(files.size() - 1));
    LOGGER.log(System.Logger.Level.DEBUG, "loaded {0}", files);
    loaded = true;
  }

  /** As in the artifacts' names. */
  static String platform(String system, String processor) {
    String architecture = processor.equals("amd64") ? "x86_64" : processor;
    if (!system.equals("Linux") || !Set.of("x86_64", "aarch64").contains(architecture)) {
      throw unsupported("signsym runs on Linux on x86_64 or aarch64; this is " + system + " on " + processor + ".");
    }
    return system.toLowerCase(Locale.ROOT) + "-" + architecture;
  }

  /** LibTorch's libraries in the order of loading; libtorch_cpu is the last. */
  private static List<Path> libtorch(String platform) {
    String own = System.getProperty(LIBTORCH);
    if (own == null) {
      NativePack pack = NativePack.find(platform, "libtorch");
      if (pack == null) {
        throw missing("signsym-libtorch-" + platform, "LibTorch",
            ", or name an unpacked libtorch (or an installed Python torch) with -D" + LIBTORCH + "=FOLDER");
      }
      return pack.unpack();
    }
    for (String place : new String[] {"lib/libtorch_cpu.so", "libtorch_cpu.so"}) {
      Path file = Path.of(own).resolve(place);
      // It finds its own libraries beside it.
      if (Files.isRegularFile(file)) return new ArrayList<>(List.of(file.toAbsolutePath()));
    }
    throw new SignSymException(Status.NOT_FOUND, LIBTORCH + "=" + own + " holds no lib/libtorch_cpu.so: name an "
        + "unpacked libtorch zip or the folder of an installed Python torch, or leave the property out.", "");
  }

  /** Two LibTorches in one process would mix silently. */
  static void refuseAnother(Path ours, Set<Path> mapped) {
    for (Path other : mapped) {
      if (other.getFileName().toString().startsWith("libtorch_cpu.so") && !same(other, ours)) {
        throw unsupported("another LibTorch is in this process already: " + other + " (ours is " + ours + "). Two cannot "
            + "be in one process. Use that one, if its version fits, with -D" + LIBTORCH + "="
            + other.getParent() + ", or keep the other library (DJL, PyTorch) in a process of its own.");
      }
    }
  }

  static void refuseMusl(Set<Path> mapped) {
    for (Path library : mapped) {
      if (library.getFileName().toString().startsWith("ld-musl")) {
        throw unsupported("this Java runs on musl (Alpine); LibTorch needs the GNU C library. Use an image of Debian, "
            + "Ubuntu or Fedora.");
      }
    }
  }

  /** Classes and library are of one build: what crosses between them is not looked at again. */
  static void refuseVersion(String found, Path file) {
    String expected = Raw.SIGNSYM_VERSION_MAJOR + "." + Raw.SIGNSYM_VERSION_MINOR + "." + Raw.SIGNSYM_VERSION_PATCH;
    if (found.equals(expected)) return;
    throw new SignSymException(Status.MISMATCH, "the native library is of version " + found + " (" + file
        + "), the classes of signsym are of " + expected + ". Take org.signsym:signsym and org.signsym:signsym-natives of "
        + "the same version: mvn dependency:tree shows which come from where.", "");
  }

  private static boolean same(Path a, Path b) {
    try {
      return Files.isSameFile(a, b);
    } catch (IOException gone) {
      return false;
    }
  }

  /** Of this process; empty where the system does not tell. */
  private static Set<Path> mappedLibraries() {
    Set<Path> libraries = new TreeSet<>();
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1)) {
        int path = line.indexOf('/');
        if (path >= 0 && line.contains(".so")) {
          libraries.add(Path.of(new String(line.substring(path).getBytes(StandardCharsets.ISO_8859_1),
              StandardCharsets.UTF_8)));
        }
      }
    } catch (IOException | RuntimeException unknown) {
      LOGGER.log(System.Logger.Level.DEBUG, "/proc/self/maps cannot be read", unknown);
    }
    return libraries;
  }

  private static void load(Path file) {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError error) {
      throw unsupported(explain(file, error.getMessage()));
    }
  }

  /** What the loader said, and what to do about it. */
  static String explain(Path file, String message) {
    String remedy;
    if (message.contains("GLIBC_") || message.contains("GLIBCXX_") || message.contains("CXXABI_")) {
      remedy = "This system is too old: its C or C++ library lacks that version. Debian 12, Ubuntu 24.04 or newer is "
          + "needed.";
    } else if (message.contains("failed to map segment") || message.contains("not permitted")) {
      remedy = "The folder forbids programs (mounted noexec?): name another with -D" + NativePack.CACHE + "=FOLDER.";
    } else if (message.contains("another classloader")) {
      remedy = "Let one class loader have signsym for all that use it.";
    } else if (message.contains("undefined symbol")) {
      remedy = "LibTorch is of another version than the library was built for: take the signsym-libtorch artifact of the "
          + "same version, and leave -D" + LIBTORCH + " out.";
    } else if (message.contains("ELF") || message.contains("wrong") || message.contains("Possible cause")) {
      remedy = "The file is for another processor, or damaged.";
    } else {
      remedy = "If a library is missing, install it.";
    }
    return file + " cannot be loaded: " + message + ". " + remedy;
  }

  private static SignSymException missing(String artifact, String what, String or) {
    return new SignSymException(Status.NOT_FOUND, what + " is not on the class path or module path: add the artifact "
        + "org.signsym:" + artifact + or + ".", "");
  }

  private static SignSymException unsupported(String message) {
    return new SignSymException(Status.UNSUPPORTED, message, "");
  }
}

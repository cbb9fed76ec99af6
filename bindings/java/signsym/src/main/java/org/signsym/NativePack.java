package org.signsym;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Libraries in a jar, unpacked once for each content. A folder of the cache is named by the hash of its list and gets
 * that name when it is whole, so several processes may begin at once and each may be killed at any time.
 */
final class NativePack {
  static final String CACHE = "org.signsym.cache";

  private static final Set<PosixFilePermission> OURS = PosixFilePermissions.fromString("rwx------");

  /** A line of the list: SHA-256, size, name; in the order of loading. */
  private record Entry(String hash, long size, String name) {}

  private final String resources;
  private final String id;
  private final List<Entry> entries = new ArrayList<>();

  private NativePack(String resources, String name, byte[] list) {
    this.resources = resources;
    this.id = name + "-" + HexFormat.of().formatHex(sha256().digest(list), 0, 16);
    for (String line : new String(list, StandardCharsets.UTF_8).split("\n")) {
      String[] parts = line.split(" ", 3);
      entries.add(new Entry(parts[0], Long.parseLong(parts[1]), parts[2]));
    }
  }

  /** Null where no jar has it. */
  static NativePack find(String platform, String name) {
    String resources = "META-INF/signsym/" + platform + "/" + name + "/";
    try (InputStream list = open(resources + "list")) {
      return list == null ? null : new NativePack(resources, name, list.readAllBytes());
    } catch (IOException error) {
      throw new SignSymException(Status.IO, resources + "list: " + error.getMessage(), "");
    }
  }

  private static InputStream open(String resource) {
    return NativePack.class.getClassLoader().getResourceAsStream(resource);
  }

  /** The files, in the order of loading, in the first cache that can be written. */
  List<Path> unpack() {
    String chosen = System.getProperty(CACHE);
    return unpack(chosen != null ? List.of(chosen) : caches(System.getenv()));
  }

  List<Path> unpack(List<String> roots) {
    List<String> refusals = new ArrayList<>();
    for (String root : roots) {
      try {
        return unpack(Path.of(root));
      } catch (FileLockInterruptionException | ClosedByInterruptException interrupted) { // the thread stays so
        throw new SignSymException(Status.IO, "the thread was interrupted while it unpacked the native libraries to "
            + root + ": call again on a thread that is not", "");
      } catch (IOException | InvalidPathException error) {
        refusals.add(root + ": " + error.getClass().getSimpleName() + ": " + error.getMessage());
      }
    }
    throw new SignSymException(Status.IO, "the native libraries cannot be unpacked: " + String.join("; ", refusals)
        + ". Name a folder that can be written with -D" + CACHE + "=FOLDER.", "");
  }

  /** The user's cache, and where the home cannot be written a folder of the user's among the temporary ones. */
  static List<String> caches(Map<String, String> environment) {
    List<String> roots = new ArrayList<>();
    String cache = environment.get("XDG_CACHE_HOME");
    String home = System.getProperty("user.home");
    if (cache != null && cache.startsWith("/")) roots.add(cache + "/signsym");
    if (home != null && home.startsWith("/")) roots.add(home + "/.cache/signsym");
    roots.add(System.getProperty("java.io.tmpdir") + "/signsym-" + user());
    return roots;
  }

  /** Of this process, by the system: user.name is "?" for one without an entry in passwd, as in containers. */
  private static String user() {
    try {
      return Files.getOwner(Path.of("/proc/self")).getName();
    } catch (IOException none) {
      return System.getProperty("user.name");
    }
  }

  List<Path> unpack(Path root) throws IOException {
    Path folder = root.toAbsolutePath().resolve(id);
    refuseStrangers(root);
    if (!isWhole(folder)) {
      Files.createDirectories(root, PosixFilePermissions.asFileAttribute(OURS));
      refuseStrangers(root);
      try (FileChannel file = FileChannel.open(root.resolve(id + ".lock"), StandardOpenOption.CREATE,
               StandardOpenOption.WRITE);
          FileLock lock = lock(file)) {
        if (!isWhole(folder)) write(root, folder, lock != null);
      }
    }
    return entries.stream().map(entry -> folder.resolve(entry.name)).collect(java.util.stream.Collectors.toList());
  }

  /** Libraries are taken only from where nobody else can put them. */
  private static void refuseStrangers(Path root) throws IOException {
    if (!Files.exists(root)) return;
    boolean shared = Files.getPosixFilePermissions(root).stream()
        .anyMatch(p -> p == PosixFilePermission.GROUP_WRITE || p == PosixFilePermission.OTHERS_WRITE);
    if (shared) throw new IOException("others may write there");
    String owner = Files.getOwner(root).getName();
    if (!owner.equals(user()) && !owner.equals("root")) throw new IOException("it belongs to " + owner);
  }

  /** Waits for the other process or class loader; null where the file system has no locks. */
  private static FileLock lock(FileChannel file) throws IOException {
    while (true) {
      try {
        return file.lock();
      } catch (OverlappingFileLockException another) {
        try {
          Thread.sleep(20);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw new FileLockInterruptionException();
        }
      } catch (FileLockInterruptionException | ClosedByInterruptException interrupted) {
        throw interrupted;
      } catch (IOException none) {
        return null;
      }
    }
  }

  /**
   * By sizes: hashes are looked at when it is unpacked, before it gets its name, and what can happen later without this
   * user's will is that a disk is full or a file cleaned away.
   */
  private boolean isWhole(Path folder) throws IOException {
    for (Entry entry : entries) {
      Path file = folder.resolve(entry.name);
      if (!Files.isRegularFile(file) || Files.size(file) != entry.size) return false;
    }
    return true;
  }

  /** `locked`: no other process writes there. Else one may, and both go on: its parts are left alone. */
  void write(Path root, Path folder, boolean locked) throws IOException {
    if (locked) {
      try (DirectoryStream<Path> parts = Files.newDirectoryStream(root, id + ".part*")) {
        for (Path killed : parts) remove(killed);
      }
    }
    Path part = Files.createTempDirectory(root, id + ".part");
    Path damaged = part.resolveSibling(part.getFileName() + "-damaged");
    try {
      for (Entry entry : entries) write(entry, part.resolve(entry.name));
      if (isWhole(folder)) return; // the other process's, which may be in use
      if (Files.exists(folder)) Files.move(folder, damaged);
      try {
        move(part, folder);
      } catch (IOException exception) {
        if (!isWhole(folder)) throw exception; // else the other process was sooner
      }
    } finally {
      remove(part);
      remove(damaged);
    }
  }

  private static void move(Path part, Path folder) throws IOException {
    try {
      Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException unlikely) {
      Files.move(part, folder);
    }
  }

  private void write(Entry entry, Path file) throws IOException {
    MessageDigest hash = sha256();
    try (InputStream from = open(resources + entry.name);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream to = new DigestOutputStream(java.nio.channels.Channels.newOutputStream(channel), hash)) {
      if (from == null) throw new IOException(entry.name + " is missing in the jar");
      from.transferTo(to);
      channel.force(true); // before the folder gets its name
    }
    if (!HexFormat.of().formatHex(hash.digest()).equals(entry.hash)) {
      throw new IOException(entry.name + " is damaged in the jar: get the artifact again");
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) return;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) Files.delete(file);
    }
    Files.delete(folder);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}

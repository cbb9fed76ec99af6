package org.signsym;

import com.google.protobuf.InvalidProtocolBufferException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.LongFunction;
import org.signsym.internal.Handle;
import org.signsym.internal.Raw;
import org.signsym.internal.Text;
import org.signsym.v1.Experiment;

/**
 * What a run is: data, model, learning rule, optimizer, length. A value: it never changes, any threads may use it, and
 * it needs no closing. It is made from the generated builders of org.signsym.v1, from text or JSON, or from a file, whose
 * name, line and column its errors then say. Each field with its unit, range and default: proto/signsym/v1, or the
 * builders' comments.
 *
 * <pre>{@code
 * Config config = Config.text("data { mnist { path: 'mnist' } }  model { lenet {} }").with("train.epochs", "2");
 * }</pre>
 */
public final class Config {
  private final long token; // nothing changes it, so that any threads may use it

  /** Takes a token over. */
  private Config(long token) {
    this.token = token;
    Handle.freeAfter(this, () -> Raw.signsym_config_free(token));
  }

  /** Takes a token over. */
  static Config take(long token) {
    return new Config(token);
  }

  /** Calls with the token. */
  <T> T call(LongFunction<T> call) {
    try {
      return call.apply(token);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private static Config parse(byte[] data, int format, String source) {
    Natives.load();
    return take(Raw.signsym_config_create(data, format, source));
  }

  /**
   * From the generated builders.
   *
   * @param experiment the message
   * @return the config
   */
  public static Config of(Experiment experiment) {
    return parse(experiment.toByteArray(), Raw.SIGNSYM_BINARY, null);
  }

  /**
   * From Protobuf text.
   *
   * @param text as in a .textproto file
   * @return the config
   * @throws SignSymException INVALID_CONFIG: not the form; ranges are looked at by {@link #check()}
   */
  public static Config text(String text) {
    return text(text, null);
  }

  /**
   * The same with a name for it.
   *
   * @param text as in a .textproto file
   * @param source where it is from, as errors are to say: a file, a field of a form
   * @return the config
   * @throws SignSymException INVALID_CONFIG
   */
  public static Config text(String text, String source) {
    return parse(Text.contents(text), Raw.SIGNSYM_TEXT, source);
  }

  /**
   * From JSON.
   *
   * @param json Protobuf's JSON of the message
   * @return the config
   * @throws SignSymException INVALID_CONFIG
   */
  public static Config json(String json) {
    return json(json, null);
  }

  /**
   * The same with a name for it.
   *
   * @param json Protobuf's JSON of the message
   * @param source where it is from, as errors are to say: a file, a field of a form
   * @return the config
   * @throws SignSymException INVALID_CONFIG
   */
  public static Config json(String json, String source) {
    return parse(Text.contents(json), Raw.SIGNSYM_JSON, source);
  }

  /**
   * From a file: .json, .binpb or .pb (binary), else text.
   *
   * @param file its path
   * @return the config
   * @throws SignSymException NOT_FOUND, IO, INVALID_CONFIG; INVALID_ARGUMENT where the path is in another file system
   *     than the disk's, as in a zip, or its name is not UTF-8
   */
  public static Config file(Path file) {
    Natives.load();
    return take(Raw.signsym_config_create_from_file(FileName.of(file)));
  }

  /**
   * The resolved config of a run folder.
   *
   * @param folder of the run
   * @return the config
   * @throws SignSymException NOT_FOUND where no run is, INVALID_ARGUMENT as {@link #file(Path)}
   */
  public static Config run(Path folder) {
    Natives.load();
    return take(Raw.signsym_config_create_from_run(FileName.of(folder)));
  }

  /**
   * A config with one field changed.
   *
   * @param path of the field: {@code train.epochs}, {@code feedback.layer[0].rule}
   * @param value in text form; {@code {}} for a message
   * @return a new config
   * @throws SignSymException INVALID_CONFIG
   */
  public Config with(String path, String value) {
    Config changed = take(call(Raw::signsym_config_copy));
    return changed.call(config -> {
      Raw.signsym_config_set(config, path, value);
      return changed;
    });
  }

  /**
   * A config with one field changed, of which the value is text: a file or a folder, whatever characters it has.
   *
   * @param path of the field: {@code output.folder}
   * @param text itself, without quotes
   * @return a new config
   * @throws SignSymException INVALID_CONFIG where there is no such field, or it takes no text
   */
  public Config withText(String path, String text) {
    return with(path, "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"");
  }

  /**
   * Looks for values out of range, missing fields and contradictions. No file is opened.
   *
   * @throws SignSymException INVALID_CONFIG, with the field
   */
  public void check() {
    call(Raw::signsym_config_check);
  }

  /**
   * The config with every default written out.
   *
   * @return a new config
   * @throws SignSymException INVALID_CONFIG
   */
  public Config resolve() {
    return call(config -> take(Raw.signsym_config_resolve(config)));
  }

  /**
   * SHA-256 in hex of the resolved config without the fields that only say where things lie.
   *
   * @return 64 characters
   * @throws SignSymException INVALID_CONFIG
   */
  public String hash() {
    return call(config -> Text.fromNative(Handle.bytes(Raw.signsym_config_hash(config))));
  }

  private byte[] write(int format) {
    return call(config -> Handle.bytes(Raw.signsym_config_write(config, format)));
  }

  /**
   * What was set, as Protobuf text.
   *
   * @return the text
   */
  public String toText() {
    return Text.fromNative(write(Raw.SIGNSYM_TEXT));
  }

  /**
   * What was set, as JSON.
   *
   * @return the JSON
   */
  public String toJson() {
    return Text.fromNative(write(Raw.SIGNSYM_JSON));
  }

  /**
   * What was set, as the generated message.
   *
   * @return the message
   */
  public Experiment toMessage() {
    try {
      return Experiment.parseFrom(write(Raw.SIGNSYM_BINARY));
    } catch (InvalidProtocolBufferException impossible) {
      throw new IllegalStateException(impossible); // the library wrote it
    }
  }

  /** Whether both say the same, wherever they are from. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Config config
        && Arrays.equals(write(Raw.SIGNSYM_BINARY), config.write(Raw.SIGNSYM_BINARY));
  }

  /** As {@link #equals} wants it. */
  @Override
  public int hashCode() {
    return Arrays.hashCode(write(Raw.SIGNSYM_BINARY));
  }

  /** As {@link #toText()}. */
  @Override
  public String toString() {
    return toText();
  }
}

using System;
using static SignSym.Argument;

namespace SignSym
{
    /// <summary>
    /// What is trained, on what and how: the message signsym.v1.Experiment, in Protobuf's text form, JSON or binary.
    /// One thread at a time.
    /// </summary>
    public sealed class Config : IDisposable
    {
        private readonly ConfigHandle handle;

        internal Config(ConfigHandle handle) { this.handle = handle; }

        internal ConfigHandle Handle => handle.Open(nameof(Config));

        /// <summary>Reads the text form.</summary>
        /// <param name="text">The config; only its form is checked here, see <see cref="Check"/>.</param>
        /// <param name="source">Names it in errors.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>: it is no such text, or has a field that is not there.
        /// </exception>
        public static Config FromText(string text, string source = "config") =>
            Create(Utf8.Contents(NotNull(text, nameof(text))), Raw.SIGNSYM_TEXT, source);

        /// <summary>Reads the JSON form.</summary>
        /// <param name="json">The config; only its form is checked here, see <see cref="Check"/>.</param>
        /// <param name="source">Names it in errors.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>: it is no such JSON, or has a field that is not there.
        /// </exception>
        public static Config FromJson(string json, string source = "config") =>
            Create(Utf8.Contents(NotNull(json, nameof(json))), Raw.SIGNSYM_JSON, source);

        /// <summary>Reads the binary form, as generated Protobuf classes write it.</summary>
        /// <param name="bytes">The config; only its form is checked here, see <see cref="Check"/>.</param>
        /// <param name="source">Names it in errors.</param>
        /// <exception cref="SignSymException"><see cref="Status.InvalidConfig"/>: they are no such message.</exception>
        public static Config FromBytes(byte[] bytes, string source = "config") =>
            Create(NotNull(bytes, nameof(bytes)), Raw.SIGNSYM_BINARY, source);

        /// <summary>
        /// Reads a file: JSON if its name ends in .json, binary for .binpb and .pb, else text.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>, <see cref="Status.IO"/>; <see cref="Status.InvalidConfig"/>: it is no such
        /// config.
        /// </exception>
        public static Config FromFile(string path)
        {
            Natives.Load();
            var status = Raw.signsym_config_create_from_file(NotNull(path, nameof(path)), out var handle,
                out var error);
            Failure.Check(status, error);
            return new Config(handle);
        }

        /// <summary>Reads the resolved config of a run folder.</summary>
        /// <param name="folder">The folder of a run.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: there is no run; <see cref="Status.IO"/>, <see cref="Status.InvalidConfig"/>:
        /// its config cannot be read.
        /// </exception>
        public static Config FromRun(string folder)
        {
            Natives.Load();
            var status = Raw.signsym_config_create_from_run(NotNull(folder, nameof(folder)), out var handle,
                out var error);
            Failure.Check(status, error);
            return new Config(handle);
        }

        /// <summary>Sets one field.</summary>
        /// <param name="path">
        /// The field: "train.epochs", "feedback.layer[0].rule". An index may be one past the list's end.
        /// </param>
        /// <param name="value">In text form; a message takes "{}".</param>
        /// <returns>This config.</returns>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>: there is no such field, or it does not take the value.
        /// </exception>
        public Config Set(string path, string value)
        {
            var status = Raw.signsym_config_set(Handle, NotNull(path, nameof(path)), NotNull(value, nameof(value)),
                out var error);
            Failure.Check(status, error);
            return this;
        }

        /// <summary>Sets one field whose value is text: a file or a folder, whatever characters it has.</summary>
        /// <param name="path">The field: "data.cifar10.path".</param>
        /// <param name="text">The text itself, without quotes.</param>
        /// <returns>This config.</returns>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>: there is no such field, or it takes no text.
        /// </exception>
        public Config SetText(string path, string text)
        {
            var quoted = NotNull(text, nameof(text)).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            return Set(path, "\"" + quoted + "\"");
        }

        /// <summary>A new config that says the same, for one more field set in each of a sweep.</summary>
        public Config Copy()
        {
            Failure.Check(Raw.signsym_config_copy(Handle, out var copy, out var error), error);
            return new Config(copy);
        }

        /// <summary>Checks ranges, required fields and contradictions. No file is opened.</summary>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidConfig"/>: <see cref="SignSymException.Field"/> says where.
        /// </exception>
        public void Check() => Failure.Check(Raw.signsym_config_check(Handle, out var error), error);

        /// <summary>A new config in which every default is written out.</summary>
        /// <exception cref="SignSymException"><see cref="Status.InvalidConfig"/>: as <see cref="Check"/>.</exception>
        public Config Resolve()
        {
            var status = Raw.signsym_config_resolve(Handle, out var handle, out var error);
            Failure.Check(status, error);
            return new Config(handle);
        }

        /// <summary>The text form: what was set, and no default.</summary>
        public string ToText() => Utf8.Text(Write(Raw.SIGNSYM_TEXT));

        /// <summary>The JSON form: what was set, and no default.</summary>
        public string ToJson() => Utf8.Text(Write(Raw.SIGNSYM_JSON));

        /// <summary>The binary form: what was set, and no default.</summary>
        public byte[] ToBytes() => Write(Raw.SIGNSYM_BINARY);

        /// <summary>
        /// SHA-256 in hex of the resolved config without the fields that only say where things lie.
        /// </summary>
        /// <exception cref="SignSymException"><see cref="Status.InvalidConfig"/>: as <see cref="Check"/>.</exception>
        public string Hash()
        {
            var status = Raw.signsym_config_hash(Handle, out var bytes, out var error);
            Failure.Check(status, error);
            return Utf8.Text(NativeBytes.Take(bytes));
        }

        /// <summary>Frees the config. Trainers and models that were made from it have a copy.</summary>
        public void Dispose() => handle.Dispose();

        private static Config Create(byte[] data, int format, string source)
        {
            Natives.Load();
            var status = Raw.signsym_config_create(data, (ulong)data.Length, format, source, out var handle,
                out var error);
            Failure.Check(status, error);
            return new Config(handle);
        }

        private byte[] Write(int format)
        {
            var status = Raw.signsym_config_write(Handle, format, out var bytes, out var error);
            Failure.Check(status, error);
            return NativeBytes.Take(bytes);
        }
    }
}

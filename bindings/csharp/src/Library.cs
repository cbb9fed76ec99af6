namespace SignSym
{
    /// <summary>The native library as a whole.</summary>
    public static class Library
    {
        /// <summary>
        /// The folder of your own LibTorch (or its lib folder); null, the default, for the one of the package. To be
        /// set before the first use of SignSym.
        /// </summary>
        /// <exception cref="System.InvalidOperationException">Set after that.</exception>
        public static string LibTorch
        {
            get => Natives.LibTorch;
            set => Natives.LibTorch = value;
        }

        /// <summary>The library's version: "0.1.0".</summary>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>, <see cref="Status.BadData"/>, <see cref="Status.Unsupported"/>,
        /// <see cref="Status.Mismatch"/>: the native libraries are missing, damaged, for another system, or of another
        /// version. The first use of any class may throw this.
        /// </exception>
        public static string Version
        {
            get
            {
                Natives.Load();
                return Raw.signsym_version();
            }
        }

        /// <summary>
        /// A BuildInfo message as JSON: versions of signsym, LibTorch, Protobuf and CUDA, the processor's features,
        /// threads, and what AUTO means on this machine.
        /// </summary>
        /// <exception cref="SignSymException">As <see cref="Version"/>.</exception>
        public static string BuildInfo()
        {
            Natives.Load();
            var status = Raw.signsym_build_info(Raw.SIGNSYM_JSON, out var bytes, out var error);
            Failure.Check(status, error);
            return Utf8.Text(NativeBytes.Take(bytes));
        }
    }
}

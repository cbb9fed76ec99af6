using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace SignSym
{
    // Finds the native libraries and loads them by full path, LibTorch first. From then on the name in DllImport and
    // the names of needed libraries find those that are loaded, by SONAME: neither flag nor variable is needed.
    internal static class Natives
    {
        private const string Binding = "libsignsym_csharp.so";
        private static readonly string SignSym = "libsignsym.so." + Raw.SIGNSYM_VERSION_MAJOR;
        private const string Torch = "libtorch_cpu.so";
        private static readonly string Native = Path.Combine("runtimes", "linux-x64", "native");
        private static readonly object Lock = new object();
        private static volatile bool loaded;
        private static bool tried; // then a LibTorch that the binding itself found is loaded, perhaps
        private static string libTorch;

        // A folder, or null for the LibTorch that comes with the package.
        public static string LibTorch
        {
            get { lock (Lock) return libTorch; }
            set
            {
                lock (Lock)
                {
                    if (loaded)
                        throw new InvalidOperationException(
                            "LibTorch is loaded: set Library.LibTorch before the first use of SignSym.");
                    libTorch = value;
                }
            }
        }

        public static void Load()
        {
            if (loaded) return;
            lock (Lock)
            {
                if (loaded) return;
                CheckMachine();
                var binding = FindBinding();
                var torch = libTorch == null ? Find(Torch,
                    PackageFolders(Path.GetDirectoryName(binding))) : FindOwnTorch();
                if (torch != null || !tried) CheckLoadedTorch(torch);
                tried = true;
                if (torch != null) Open(torch);
                var library = Path.Combine(Path.GetDirectoryName(binding), SignSym); // beside it in a package
                if (File.Exists(library)) Open(library);
                Open(binding);
                CheckVersion();
                loaded = true;
            }
        }

        private static void CheckMachine()
        {
            var processor = RuntimeInformation.ProcessArchitecture;
            if (!RuntimeInformation.IsOSPlatform(OSPlatform.Linux) || processor != Architecture.X64)
                throw new SignSymException(Status.Unsupported,
                    "The native libraries are built for Linux on x64, and this process is " +
                    RuntimeInformation.OSDescription.Trim() + " on " + processor + ".");
            if (LoadedFiles().Any(file => Path.GetFileName(file).StartsWith("ld-musl", StringComparison.Ordinal)))
                throw new SignSymException(Status.Unsupported,
                    "This system's C library is musl, as Alpine has it, and LibTorch needs the GNU C library. Use a " +
                    "system or an image with that: Debian 12 or Ubuntu 24.04, or newer.");
        }

        private static string FindBinding()
        {
            var location = typeof(Natives).Assembly.Location;
            var beside = string.IsNullOrEmpty(location) ? AppContext.BaseDirectory : Path.GetDirectoryName(location);
            var folders = PackageFolders(beside);
            var application = AppContext.BaseDirectory.TrimEnd(new[] { Path.DirectorySeparatorChar });
            if (beside != application) // the assembly is a copy in a cache, perhaps
                folders.AddRange(new[] { application, Path.Combine(application, Native) });
            return Find(Binding, folders) ?? throw new SignSymException(Status.NotFound,
                Binding + " was found in none of: " + string.Join(", ", folders) + ". Copy the files of the package's" +
                " folder runtimes/linux-x64/native beside SignSym.dll.");
        }

        // Beside the assembly, in the layout of a NuGet package, and where the .NET host looks for packages' natives.
        private static List<string> PackageFolders(string beside)
        {
            var folders = new List<string>
            {
                beside, Path.Combine(beside, Native), Path.GetFullPath(Path.Combine(beside, "..", "..", Native))
            };
            if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string host)
                folders.AddRange(host.Split(new[] { Path.PathSeparator }, StringSplitOptions.RemoveEmptyEntries));
            return folders;
        }

        private static string Find(string name, IEnumerable<string> folders) =>
            folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

        private static string FindOwnTorch() =>
            Find(Torch, new[] { libTorch, Path.Combine(libTorch, "lib") }) ??
                throw new SignSymException(Status.NotFound,
                "Library.LibTorch is " + libTorch + ", which holds neither " + Torch + " nor lib/" + Torch +
                ". Name the folder of an unpacked LibTorch, or of an installed Python torch.");

        // Two LibTorch in one process would be mixed by the loader, symbol by symbol.
        private static void CheckLoadedTorch(string torch)
        {
            var other = LoadedFiles().FirstOrDefault(file => // Debian's is libtorch_cpu.so.1.13
                Path.GetFileName(file).StartsWith(Torch, StringComparison.Ordinal));
            if (other == null || torch != null && RealPath(torch) == RealPath(other)) return;
            throw new SignSymException(Status.Unsupported,
                "Another LibTorch is in this process already: " + other + " (TorchSharp, Python, or an earlier " +
                "attempt?). Two do not go together. Use SignSym first or in a process of its own; or, if that LibTorch " +
                "is of the version that SignSym was built for, set Library.LibTorch to " + Path.GetDirectoryName(other) + ".");
        }

        private static void CheckVersion()
        {
            var expected = string.Join(".",
                Raw.SIGNSYM_VERSION_MAJOR, Raw.SIGNSYM_VERSION_MINOR, Raw.SIGNSYM_VERSION_PATCH);
            var found = Raw.signsym_version();
            if (found != expected)
                throw new SignSymException(Status.Mismatch,
                    "SignSym.dll is of version " + expected + ", and the native library of " + found +
                    ". Take both from one package.");
        }

        // A part of a library would kill the process that loads it; of another processor's the loader says too little.
        private static void CheckFile(string path)
        {
            try
            {
                CheckContent(path);
            }
            catch (Exception exception) when (exception is IOException || exception is UnauthorizedAccessException)
            {
                throw new SignSymException(Status.IO, path + " cannot be read: let the user of this process read " +
                    "it, or take the file anew from the package (" + exception.Message + ").", "", exception);
            }
        }

        private static void CheckContent(string path)
        {
            using (var file = File.OpenRead(path))
            {
                // Of ELF: its magic; the processor; offset, size and number of sections, which come last.
                var header = new byte[64];
                var whole = file.Read(header, 0, header.Length) == header.Length &&
                    BitConverter.ToInt32(header, 0) == 0x464c457f &&
                    BitConverter.ToInt64(header, 40) +
                        BitConverter.ToUInt16(header, 58) * BitConverter.ToUInt16(header, 60) <= file.Length;
                if (!whole)
                    throw new SignSymException(Status.BadData, path + " is no library, or a part of one: it has " +
                        file.Length + " bytes. Take the file anew from the package.");
                if (BitConverter.ToUInt16(header, 18) != X64)
                    throw new SignSymException(Status.Unsupported, path + " is for another processor, and this " +
                        "process runs on x64. Take the file from the package's folder runtimes/linux-x64/native.");
            }
        }

        private static void Open(string path)
        {
            CheckFile(path);
            dlerror(); // the runtime finds it now, not after the call whose error it is to tell
            if (dlopen(Utf8.Bytes(path), Now) != IntPtr.Zero) return;
            var reason = Utf8.Text(dlerror()) ?? "no reason given";
            throw new SignSymException(Status.Unsupported,
                path + " cannot be loaded: " + reason + ". " + Remedy(reason));
        }

        private static string Remedy(string reason)
        {
            if (reason.Contains("GLIBC"))
                return "This system is older than the one that the package was built on: take Debian 12 or Ubuntu " +
                    "24.04, or newer.";
            if (reason.Contains(Torch) || reason.Contains("libc10") || reason.Contains("undefined symbol"))
                return "LibTorch is missing, or not the one that SignSym was built for: copy it beside " + Binding +
                    ", or set Library.LibTorch to its folder.";
            return "Take the file anew from the package.";
        }

        // The files mapped into this process.
        private static IEnumerable<string> LoadedFiles() =>
            File.ReadAllLines("/proc/self/maps").Where(line => line.Contains("/")).Select(line =>
                line.Substring(line.IndexOf('/')));

        private static string RealPath(string path)
        {
            var buffer = new byte[4096]; // PATH_MAX
            return realpath(Utf8.Bytes(path), buffer) == IntPtr.Zero ? path : Utf8.Text(buffer.TakeWhile(b =>
                b != 0).ToArray());
        }

        private const int Now = 2;  // RTLD_NOW
        private const int X64 = 62; // EM_X86_64

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlopen(byte[] path, int flags);

        [DllImport("libdl.so.2")]
        private static extern IntPtr dlerror();

        [DllImport("libc.so.6")]
        private static extern IntPtr realpath(byte[] path, [Out] byte[] resolved);
    }
}

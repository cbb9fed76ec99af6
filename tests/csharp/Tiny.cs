using System;
using System.Diagnostics;
using System.IO;
using NUnit.Framework;

namespace SignSym.Tests
{
    // A training of a blink: a ResNet-8 of width 4 on 64 pictures of CIFAR-10, 4 steps an epoch, 2 epochs.
    internal static class Tiny
    {
        public const int Steps = 8, StepsPerEpoch = 4, Epochs = 2, Training = 64, HeldOut = 32,
            PictureSize = 3 * 32 * 32;
        private const int RecordSize = 1 + PictureSize;
        private static readonly Lazy<string> DataFolder = new Lazy<string>(MakeData);
        private static readonly string Scratch = Path.Combine(Path.GetTempPath(),
            "signsym-csharp-" + Process.GetCurrentProcess().Id);

        public static string Source { get; } = Environment.GetEnvironmentVariable("SIGNSYM_SOURCE_DIR");

        // A new path in a folder that goes with the process.
        public static string NewPath(string name = "")
        {
            Directory.CreateDirectory(Scratch);
            return Path.Combine(Scratch, Guid.NewGuid().ToString("N") + name);
        }

        public static Config Config() => SignSym.Config.FromText(
            "name: \"tiny\"\n" +
            "data { cifar10 { path: \"" + DataFolder.Value +
                "\" } batch_size: 16 transform { flip {} } transform { normalize {} } }\n" +
            "model { resnet_cifar { depth: 8 width: 4 } }\n" +
            "feedback { rule: SIGN_SYMMETRY }\n" +
            "optimizer { learning_rate: 0.05 }\n" +
            "train { epochs: 2 }\n" +
            "compute { threads: 1 }\n", "tiny");

        public static Trainer Trainer(string folder = null)
        {
            using (var config = Config())
            {
                if (folder != null) config.SetText("output.folder", folder);
                return new Trainer(config);
            }
        }

        // The last checkpoint of a run folder.
        public static byte[] LastCheckpoint(string folder) =>
            File.ReadAllBytes(Path.Combine(folder, "checkpoint-" + Steps + ".safetensors"));

        public static SignSymException Fails(Status status, TestDelegate call)
        {
            var exception = Assert.Throws<SignSymException>(call);
            Assert.AreEqual(status, exception.Status, exception.Message);
            Assert.IsNotEmpty(exception.Message);
            return exception;
        }

        public static void RemoveScratch()
        {
            if (Directory.Exists(Scratch)) Directory.Delete(Scratch, true);
        }

        private static string MakeData()
        {
            var folder = NewPath();
            Directory.CreateDirectory(folder);
            CopyRecords(folder, "data_batch_1.bin", Training);
            CopyRecords(folder, "test_batch.bin", HeldOut);
            return folder;
        }

        private static void CopyRecords(string folder, string name, int count)
        {
            var records = new byte[count * RecordSize];
            using (var file = File.OpenRead(Path.Combine(Source, "examples", "data", "cifar10", name)))
                Assert.AreEqual(records.Length, file.Read(records, 0, records.Length));
            File.WriteAllBytes(Path.Combine(folder, name), records);
        }
    }

    [SetUpFixture]
    public class Scratch
    {
        [TearDown]
        public void Remove() => Tiny.RemoveScratch();
    }
}

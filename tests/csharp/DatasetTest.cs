using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class DatasetTest
    {
        private const int Count = 32, Size = 3 * 8 * 8;

        private static Config HostConfig() => Config.FromText(
            "data { host {} batch_size: 8 }\n" +
            "model { resnet_cifar { depth: 8 width: 4 classes: 4 } input { channels: 3 height: 8 width: 8 } }\n" +
            "feedback { rule: SIGN_SYMMETRY }\n" +
            "optimizer { learning_rate: 0.05 }\n" +
            "train { epochs: 2 }\n" +
            "compute { threads: 1 }\n");

        // Sample i is a picture of one value, its label the quarter that it is in.
        private static float ValueOf(long sample) => (sample * 7 % Count) / (float)Count;
        private static long LabelOf(long sample) => sample * 7 % Count * 4 / Count;

        private static Dataset InMemory()
        {
            var samples = new float[Count, 3, 8, 8];
            var labels = Enumerable.Range(0, Count).Select(i => LabelOf(i)).ToArray();
            for (var i = 0; i < Count; ++i)
                for (var j = 0; j < Size; ++j) samples[i, j / 64, j / 8 % 8, j % 8] = ValueOf(i);
            using (var s = Tensor.From(samples))
            using (var l = Tensor.From(labels)) return Dataset.FromMemory(s, l, 4); // which keeps what is disposed here
        }

        private static Dataset ByCallback(bool concurrent = false) => Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
        {
            for (var j = 0; j < sample.Length; ++j) sample[j] = ValueOf(index);
            return LabelOf(index);
        }, Layout.Nchw, concurrent);

        [Test]
        public void A_set_tells_its_form()
        {
            using (var config = Tiny.Config())
            using (var training = Dataset.FromConfig(config, DataPart.Training))
            using (var heldOut = Dataset.FromConfig(config, DataPart.HeldOut))
            {
                Assert.AreEqual(Tiny.Training, training.Size);
                Assert.AreEqual(Tiny.HeldOut, heldOut.Size);
                CollectionAssert.AreEqual(new long[] { 10, 3, 32, 32 },
                    new[] { training.Classes, training.Channels, training.Height, training.Width });
            }
            using (var flat = Dataset.FromCallback(5, 2, new long[] { 7 }, (index, sample) => 0))
                CollectionAssert.AreEqual(new long[] { 5, 2, 7, 1, 1 }, new[] { flat.Size, flat.Classes, flat.Channels, flat.Height, flat.Width });
        }

        private sealed class Owner : IDisposable
        {
            public int Disposed;
            public void Dispose()
            {
                ++Disposed;
                throw new InvalidOperationException("is lost");
            }
        }

        [Test]
        public void Wrong_data_are_refused()
        {
            using (var samples = Tensor.From(new float[4, 3, 8, 8]))
            using (var labels = Tensor.From(new long[4]))
            using (var three = Tensor.From(new long[3]))
            using (var large = Tensor.From(new long[] { 0, 1, 2, 9 }))
            using (var floats = Tensor.From(new float[4]))
            {
                Tiny.Fails(Status.InvalidArgument, () => Dataset.FromMemory(samples, three, 4));
                Tiny.Fails(Status.InvalidArgument, () => Dataset.FromMemory(samples, large, 4));
                Tiny.Fails(Status.InvalidArgument, () => Dataset.FromMemory(samples, floats, 4));
                Tiny.Fails(Status.InvalidArgument, () => Dataset.FromMemory(samples, labels, 0));
                Assert.Throws<ArgumentNullException>(() => Dataset.FromMemory(null, labels, 4));
                Assert.Throws<ArgumentNullException>(() => Dataset.FromMemory(samples, null, 4));
            }
            Assert.Throws<ArgumentNullException>(() => Dataset.FromCallback(4, 2, new long[] { 1 }, null));
            Assert.Throws<ArgumentNullException>(() => Dataset.FromCallback(4, 2, null, (index, sample) => 0));
            Tiny.Fails(Status.InvalidArgument, () => Dataset.FromCallback(-1, 2, new long[] { 1 }, (index, sample) => 0));
            Tiny.Fails(Status.InvalidArgument, () => Dataset.FromCallback(4, 2, new long[] { 1, 2 }, (index, sample) => 0));
            var disposed = InMemory();
            disposed.Dispose();
            Assert.Throws<ObjectDisposedException>(() => Assert.AreEqual(0, disposed.Size));
        }
    }
}

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

        private static Dataset ByCallback(bool concurrent = false) =>
            Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
        {
            for (var j = 0; j < sample.Length; ++j) sample[j] = ValueOf(index);
            return LabelOf(index);
        }, Layout.Nchw, concurrent);

        private static byte[] Trained(Dataset training)
        {
            using (training)
            using (var config = HostConfig())
            using (var trainer = new Trainer(config, null, training))
            {
                GC.Collect();
                trainer.Train();
                return trainer.Checkpoint();
            }
        }

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
                CollectionAssert.AreEqual(new long[] { 5, 2, 7, 1, 1 },
                    new[] { flat.Size, flat.Classes, flat.Channels, flat.Height, flat.Width });
        }

        // A byte a value, as the core holds pictures.
        [Test]
        public void A_set_of_a_config_weighs_on_the_garbage_collector()
        {
            using (var config = Tiny.Config())
            using (var training = Dataset.FromConfig(config, DataPart.Training))
            using (var heldOut = Dataset.FromConfig(config, DataPart.HeldOut))
            {
                Assert.AreEqual(Tiny.Training * Tiny.PictureSize, training.Handle.Weight);
                Assert.AreEqual(Tiny.HeldOut * Tiny.PictureSize, heldOut.Handle.Weight);
            }
        }

        [Test]
        public void Memory_and_callbacks_of_both_kinds_train_alike()
        {
            var expected = Trained(InMemory());
            CollectionAssert.AreEqual(expected, Trained(ByCallback()));
            CollectionAssert.AreEqual(expected, Trained(ByCallback(true)));
            CollectionAssert.AreEqual(expected, Trained(Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 },
                TensorType.F32, (index, sample) =>
            {
                for (var j = 0; j < Size; ++j) Marshal.WriteInt32(sample, 4 * j,
                    BitConverter.ToInt32(BitConverter.GetBytes(ValueOf(index)), 0));
                return LabelOf(index);
            })));
        }

        [Test]
        public void Memory_is_used_in_place()
        {
            var samples = new float[8, 3, 8, 8];
            using (var s = Tensor.From(samples))
            using (var l = Tensor.From(new int[8]))
            using (var training = Dataset.FromMemory(s, l, 4))
            using (var config = HostConfig())
            using (var trainer = new Trainer(config, null, training))
            {
                samples[0, 0, 0, 0] = float.NaN; // in the only batch of an epoch
                Tiny.Fails(Status.Diverged, () => trainer.Train());
            }
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
        public void Memory_of_an_owner_is_given_back_once_when_its_last_user_has_gone()
        {
            var owner = new Owner();
            var memory = Marshal.AllocHGlobal(8 * Size);
            for (var i = 0; i < 2 * Size; ++i) Marshal.WriteInt32(memory, 4 * i, 0);
            var config = HostConfig();
            var samples = Tensor.From(memory, TensorType.F32, new long[] { 2, 3, 8, 8 }, null, owner);
            var labels = Tensor.From(new long[2]);
            var training = Dataset.FromMemory(samples, labels, 4);
            var trainer = new Trainer(config, null, training);
            samples.Dispose();
            training.Dispose();
            Assert.AreEqual(0, owner.Disposed);
            trainer.Train();
            trainer.Dispose();
            Assert.AreEqual(1, owner.Disposed);
            Marshal.FreeHGlobal(memory);

        }

        [Test]
        public void An_exception_of_a_callback_stops_the_run_and_is_the_cause() => StopsByException(false);

        [Test]
        public void An_exception_on_a_loader_thread_stops_the_run_and_is_the_cause() => StopsByException(true);

        private static void StopsByException(bool concurrent)
        {
            var thrown = new InvalidDataException("of the callback");
            var broken = 0;
            using (var training = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
            {
                if (index == 20 && broken == 0) throw thrown;
                return LabelOf(index);
            }, Layout.Nchw, concurrent))
            using (var config = HostConfig())
            using (var trainer = new Trainer(config, null, training, training))
            {
                Assert.AreSame(thrown, Tiny.Fails(Status.CallbackFailed, () => trainer.Train()).InnerException);
                Assert.AreSame(thrown, Tiny.Fails(Status.CallbackFailed, () => trainer.Evaluate()).InnerException);
                broken = 1;
                trainer.Train(); // goes on
                Assert.AreEqual(Count, trainer.Evaluate().Samples);
            }
        }

        [Test]
        public void An_exception_that_came_too_late_for_its_call_is_not_the_cause_of_the_next_one()
        {
            Exception first = new InvalidDataException("first"), late = new InvalidDataException("late"),
                second = new InvalidDataException("second"), thrown = first;
            using (var another = new ManualResetEventSlim())
            using (var failed = new ManualResetEventSlim())
            using (var over = new ManualResetEventSlim())
            using (var heldOut = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
            {
                if (index >= 8) // not of the first batch: the other of the loader's threads
                {
                    if (thrown == second) return 0;
                    another.Set();
                    failed.Wait(10000);
                    over.Set();
                    throw late;
                }
                another.Wait(10000);
                throw thrown;
            }, Layout.Nchw, true))
            using (var config = HostConfig().Set("data.loader_threads", "2").Set("data.evaluation_batch_size", "8"))
            using (var trainer = new Trainer(config, null, null, heldOut))
            {
                Assert.AreSame(first, Tiny.Fails(Status.CallbackFailed, () => trainer.Evaluate()).InnerException);
                failed.Set();
                Assert.That(over.Wait(10000));
                Thread.Sleep(50); // until it is out of the callback
                thrown = second;
                Assert.AreSame(second, Tiny.Fails(Status.CallbackFailed, () => trainer.Evaluate()).InnerException);
            }
        }

        [Test]
        public void Two_trainers_on_one_set_fail_each_with_its_own_exception()
        {
            var thrown = new Exception[] { new InvalidDataException("first"), new TimeoutException("second") };
            var calls = 0;
            using (var data = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
            {
                throw thrown[calls++];
            }))
            using (var config = HostConfig())
            using (var first = new Trainer(config, null, data))
            using (var second = new Trainer(config, null, data, data))
            {
                SignSymException inside = null;
                var failure = Tiny.Fails(Status.CallbackFailed, () => first.Train(e =>
                {
                    if (e.Kind == EventKind.End) // it has failed, and is yet to say so
                        inside = Tiny.Fails(Status.CallbackFailed, () => second.Evaluate());
                }));
                Assert.AreSame(thrown[0], failure.InnerException);
                StringAssert.Contains("threw InvalidDataException: first (sample ", failure.Message);
                Assert.AreSame(thrown[1], inside.InnerException);
            }
        }

        [Test]
        public void A_failure_has_the_exception_of_the_sample_that_it_names()
        {
            using (var data = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
            {
                throw new InvalidDataException("of " + index);
            }, Layout.Nchw, true))
            using (var config = HostConfig().Set("data.loader_threads", "2").Set("data.evaluation_batch_size", "8"))
            {
                var trainers = Enumerable.Range(0, 2).Select(_ => new Trainer(config, null, data, data)).ToArray();
                System.Threading.Tasks.Parallel.ForEach(trainers, trainer =>
                {
                    for (var round = 0; round < 20; ++round)
                        foreach (var call in new TestDelegate[] { () => trainer.Train(), () => trainer.Evaluate() })
                        {
                            var failure = Tiny.Fails(Status.CallbackFailed, call);
                            Assert.NotNull(failure.InnerException, failure.Message);
                            StringAssert.EndsWith("(sample " + failure.InnerException.Message.Substring(3) + ")",
                                failure.Message);
                        }
                });
                foreach (var trainer in trainers) trainer.Dispose();
            }
        }

        [Test]
        public void Where_a_handler_throws_when_the_data_have_failed_neither_exception_is_lost()
        {
            Exception fromData = new InvalidDataException("data"), fromHandler = new TimeoutException("handler");
            using (var data = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
            {
                throw fromData;
            }))
            using (var config = HostConfig())
            using (var trainer = new Trainer(config, null, data))
            {
                var failure = Tiny.Fails(Status.CallbackFailed, () =>
                    trainer.Train(e => { if (e.Kind == EventKind.End) throw fromHandler; }));
                CollectionAssert.AreEqual(new[] { fromData, fromHandler },
                    ((AggregateException)failure.InnerException).InnerExceptions);
                Assert.AreSame(fromData, Tiny.Fails(Status.CallbackFailed, () => trainer.Train()).InnerException);
            }
        }

        [Test]
        public void A_label_of_no_class_is_told_and_has_no_cause()
        {
            using (var training = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) => 77))
            using (var config = HostConfig())
            using (var trainer = new Trainer(config, null, training))
            {
                var failure = Tiny.Fails(Status.CallbackFailed, () => trainer.Train());
                StringAssert.Contains("77", failure.Message);
                Assert.IsNull(failure.InnerException);
            }
        }

        [Test]
        public void A_run_on_data_of_the_program_is_resumed_with_them()
        {
            var folder = Tiny.NewPath();
            using (var config = HostConfig().SetText("output.folder", folder))
            using (var training = InMemory())
            using (var trainer = new Trainer(config, null, training))
                Tiny.Fails(Status.CallbackFailed, () =>
                    trainer.Train(e => { if (e.Step == 3) throw new TimeoutException(); }));
            using (var training = ByCallback()) // the same samples
            using (var trainer = Trainer.Resume(folder, null, training))
            {
                Assert.AreEqual(3, trainer.Metrics.Step);
                trainer.Train();
                CollectionAssert.AreEqual(Trained(InMemory()), trainer.Checkpoint());
            }
        }

        [Test]
        public void A_callback_is_called_on_the_thread_that_trains()
        {
            var threads = new HashSet<int>();
            using (var training = Dataset.FromCallback(Count, 4, new long[] { 3, 8, 8 }, (index, sample) =>
            {
                threads.Add(Thread.CurrentThread.ManagedThreadId);
                return 0;
            }))
            using (var config = HostConfig())
            using (var trainer = new Trainer(config, null, training)) trainer.Train();
            CollectionAssert.AreEqual(new[] { Thread.CurrentThread.ManagedThreadId }, threads);
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
                using (var set = Dataset.FromMemory(samples, labels, 4))
                using (var config = Tiny.Config())
                    Assert.Throws<SignSymException>(() =>
                        new Trainer(config, null, set), "the config has data of its own");
            }
            Assert.Throws<ArgumentNullException>(() => Dataset.FromCallback(4, 2, new long[] { 1 }, null));
            Assert.Throws<ArgumentNullException>(() => Dataset.FromCallback(4, 2, null, (index, sample) => 0));
            Tiny.Fails(Status.InvalidArgument, () =>
                Dataset.FromCallback(-1, 2, new long[] { 1 }, (index, sample) => 0));
            Tiny.Fails(Status.InvalidArgument, () =>
                Dataset.FromCallback(4, 2, new long[] { 1, 2 }, (index, sample) => 0));
            var disposed = InMemory();
            disposed.Dispose();
            Assert.Throws<ObjectDisposedException>(() => Assert.AreEqual(0, disposed.Size));
        }

        [Test]
        public void A_writer_that_writes_few_values_finds_the_others_0()
        {
            var dirty = 0;
            using (var config = Config.FromText(@"
                data { host {} batch_size: 8 } model { mlp { hidden: 4 classes: 2 } input { channels: 16 } }
                feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
            using (var data = Dataset.FromCallback(32, 2, new long[] { 16 }, (index, sample) =>
            {
                foreach (var value in sample) if (value != 0) ++dirty;
                sample[index % 16] = 1;
                return index % 2;
            }))
            using (var trainer = new Trainer(config, null, data))
                trainer.Train(epochs: 1);
            Assert.AreEqual(0, dirty);
        }

        [Test]
        public void A_sample_of_more_values_than_an_array_holds_is_refused()
        {
            SampleWriter writer = (index, sample) => 0;
            foreach (var shape in new[] { new[] { 1L << 30 }, new[] { long.MaxValue, long.MaxValue, 1 } })
                Assert.Throws<ArgumentException>(() => Dataset.FromCallback(1, 2, shape, writer));
        }
    }
}

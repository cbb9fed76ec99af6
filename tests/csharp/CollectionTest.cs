using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace SignSym.Tests
{
    // The garbage collector: it takes what is forgotten, and nothing that is in use.
    [TestFixture]
    public class CollectionTest
    {
        private static void Collect()
        {
            for (var i = 0; i < 3; ++i)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }

        // Runs the work while the garbage collector has no rest.
        private static void UnderCollection(Action work)
        {
            using (var done = new ManualResetEventSlim())
            {
                var collector = Task.Factory.StartNew(() =>
                {
                    while (!done.Wait(1))
                    {
                        GC.Collect();
                        GC.WaitForPendingFinalizers();
                    }
                }, TaskCreationOptions.LongRunning);
                try
                {
                    work();
                }
                finally
                {
                    done.Set();
                    collector.Wait();
                }
            }
        }

        [Test]
        public void Callbacks_outlive_collections_during_a_run()
        {
            UnderCollection(() =>
            {
                for (var run = 0; run < 3; ++run)
                {
                    var steps = 0;
                    using (var trainer = Tiny.Trainer()) trainer.Train(e =>
                        { GC.Collect(); if (e.Kind == EventKind.Step) ++steps; });
                    Assert.AreEqual(Tiny.Steps, steps);
                }
            });
        }

        // Nothing but the data set refers to the function or the arrays, and nothing but the trainer to the data set.
        [Test]
        public void Data_of_the_program_outlive_collections_during_a_run()
        {
            using (var config = Config.FromText(
                "data { host {} batch_size: 8 }\n" +
                "model { mlp { hidden: 8 classes: 4 } input { channels: 64 } }\n" +
                "feedback { rule: SIGN_SYMMETRY }\n" +
                "optimizer { learning_rate: 0.05 }\n" +
                "train { epochs: 5 }\n" +
                "compute { threads: 1 }\n"))
                UnderCollection(() =>
                {
                    var expected = TrainedOn(config, InMemory());
                    CollectionAssert.AreEqual(expected, TrainedOn(config, InMemory()));
                    foreach (var concurrent in new[] { false, true })
                        CollectionAssert.AreEqual(expected, TrainedOn(config, ByCallback(concurrent)));
                });
        }

        private static float ValueOf(long sample, int place) => (sample * 5 + place * 3) % 7;

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Dataset InMemory()
        {
            var samples = new float[32, 64];
            for (var i = 0; i < 32; ++i)
                for (var j = 0; j < 64; ++j) samples[i, j] = ValueOf(i, j);
            var labels = Enumerable.Range(0, 32).Select(i => (byte)(i % 4)).ToArray();
            return Dataset.FromMemory(Tensor.From(samples), Tensor.From(labels), 4);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Dataset ByCallback(bool concurrent) =>
            Dataset.FromCallback(32, 4, new long[] { 64 }, (index, sample) =>
            {
                GC.Collect();
                for (var j = 0; j < 64; ++j) sample[j] = ValueOf(index, j);
                return index % 4;
            }, Layout.Nchw, concurrent);

        // What is garbage is overwritten by what comes after it.
        private static byte[] TrainedOn(Config config, Dataset training)
        {
            using (var trainer = new Trainer(config, null, training))
            {
                training = null;
                trainer.Train(e => { for (var i = 0; i < 20; ++i) GC.KeepAlive(Enumerable.Repeat(9f, 2048).ToArray()); });
                return trainer.Checkpoint();
            }
        }

        [Test]
        public void A_trainer_that_nobody_refers_to_ends_its_run()
        {
            var steps = 0;
            UnderCollection(() => TrainForgotten(e => { if (e.Kind == EventKind.Step) ++steps; }).Wait());
            Assert.AreEqual(Tiny.Steps, steps);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Task TrainForgotten(Action<TrainingEvent> handler) => Tiny.Trainer().TrainAsync(handler);

        // Mono's stacks are scanned conservatively: a few of many may seem alive.
        private static void IsCollected(Func<WeakReference> make) => IsCollected(Forget(20, make));

        private static void IsCollected(List<WeakReference> forgotten)
        {
            Collect();
            Assert.That(Alive(forgotten), Is.LessThan(3), "of 20");
        }

        // Nobody asks for a collection while they are made, and next to nothing of them is the garbage collector's own.
        // What is garbage counts until its finalizer has run: the fewer run meanwhile, the more may seem alive.
        private static void IsCollectedUnasked(Func<WeakReference> make)
        {
            Collect();
            Assert.That(Alive(Forget(40, make)), Is.LessThan(30), "of 40");
        }

        private static List<WeakReference> Forget(int count, Func<WeakReference> make)
        {
            var forgotten = new List<WeakReference>();
            var thread = new Thread(() => { for (var i = 0; i < count; ++i) forgotten.Add(make()); });
            thread.Start();
            thread.Join();
            return forgotten;
        }

        private static int Alive(List<WeakReference> made) => made.FindAll(reference => reference.IsAlive).Count;

        [Test]
        public void Forgotten_trainers_are_collected_in_time() =>
            IsCollectedUnasked(() => new WeakReference(Tiny.Trainer()));

        [Test]
        public void Forgotten_data_sets_are_collected_in_time()
        {
            using (var config = Tiny.Config())
                IsCollectedUnasked(() => new WeakReference(Dataset.FromConfig(config, DataPart.Training)));
        }

        // Of 8 KiB a class in its head.
        private static Model WideModel(int classes)
        {
            using (var config = Config.FromText(
                "data { host {} } model { mlp { hidden: 2048 classes: " + classes + " } input { channels: 2 } }\n" +
                "feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
                return new Model(config);
        }

        // Each is all that holds a head of 8 MiB, which the model has no longer.
        [Test]
        public void Forgotten_tensors_of_a_model_are_collected_in_time()
        {
            using (var model = WideModel(2))
                IsCollectedUnasked(() =>
                {
                    model.ReplaceHead(1024);
                    return new WeakReference(model.GetTensor("fc2.weight"));
                });
        }

        [Test]
        public void Tensors_of_a_model_that_are_disposed_of_call_for_no_collection()
        {
            using (var model = WideModel(1024))
            {
                GC.Collect();
                var before = GC.CollectionCount(GC.MaxGeneration);
                for (var read = 0; read < 100; ++read) model.GetTensor("fc2.weight").Dispose(); // 8 MiB each
                Assert.AreEqual(before, GC.CollectionCount(GC.MaxGeneration));
            }
        }

        [Test]
        public void A_forgotten_trainer_is_collected_though_its_handler_refers_to_it()
        {
            IsCollected(() =>
            {
                var trainer = Tiny.Trainer();
                trainer.Train(e => { if (trainer == null) throw new Exception(); }, default(CancellationToken), 0, 1);
                return new WeakReference(trainer);
            });
        }

        // A domain of Mono does not end before the loader threads that called into it.
        private static void Dispose(List<WeakReference> trainers) =>
            trainers.ForEach(trainer => (trainer.Target as Trainer)?.Dispose());

        // Holds its data set and its trainer, and is held by the function of the data set.
        private sealed class Session
        {
            public readonly Trainer Trainer;
            private readonly Dataset data;

            public Session(bool concurrent)
            {
                data = Dataset.FromCallback(64, 2, new long[] { 2 }, Read, Layout.Nchw, concurrent);
                Trainer = SmallTrainer(data);
            }

            private long Read(long index, float[] sample) => data == null ? 1 : 0;
        }

        private static Trainer SmallTrainer(Dataset data)
        {
            using (var config = Config.FromText(
                "data { host {} batch_size: 2 loader_threads: 1 }\n" +
                "model { mlp { hidden: 4 classes: 2 } input { channels: 2 } }\n" +
                "feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
                return new Trainer(config, null, data);
        }

        [Test]
        public void A_forgotten_trainer_is_collected_though_its_data_callback_refers_to_it()
        {
            foreach (var concurrent in new[] { false, true })
            {
                var forgotten = Forget(20, () =>
                {
                    var trainer = new Session(concurrent).Trainer;
                    trainer.Train(steps: 1);
                    return new WeakReference(trainer);
                });
                try
                {
                    IsCollected(forgotten);
                }
                finally
                {
                    Dispose(forgotten);
                }
            }
        }

        private sealed class Witness
        {
            private readonly ManualResetEventSlim gone;

            public Witness(ManualResetEventSlim gone) { this.gone = gone; }

            ~Witness() { gone.Set(); }
        }

        // To free a trainer is to wait for its loader threads.
        [Test]
        public void Finalizers_run_while_the_data_callback_of_a_forgotten_trainer_waits()
        {
            using (var block = new ManualResetEventSlim())
            using (var gone = new ManualResetEventSlim())
            {
                var forgotten = new List<WeakReference>();
                try
                {
                    forgotten = Forget(20, () =>
                    {
                        var reads = 0;
                        var trainer = SmallTrainer(Dataset.FromCallback(64, 2, new long[] { 2 }, (index, sample) =>
                        {
                            if (++reads > 2) block.Wait(); // of the second batch
                            return 0;
                        }, Layout.Nchw, true));
                        trainer.Train(steps: 1);
                        return new WeakReference(trainer);
                    });
                    GC.Collect();
                    Thread.Sleep(200); // for the finalizers of those
                    Forget(20, () => new WeakReference(new Witness(gone)));
                    GC.Collect();
                    Assert.IsTrue(gone.Wait(20000), "the thread of the finalizers waits");
                }
                finally
                {
                    block.Set();
                    Dispose(forgotten);
                }
            }
        }

        [Test]
        public void A_pinned_array_is_let_go_with_its_tensor()
        {
            IsCollected(() =>
            {
                var array = new float[1000];
                Tensor.From(array).Dispose();
                return new WeakReference(array);
            });
            IsCollected(() =>
            {
                var array = new float[1000];
                Tensor.From(array);
                return new WeakReference(array);
            });
        }

        [Test]
        public void The_function_of_a_data_set_is_let_go_with_it()
        {
            IsCollected(() =>
            {
                var captured = new object();
                Dataset.FromCallback(1, 2, new long[] { 1 }, (index, sample) => captured.GetHashCode() % 2).Dispose();
                return new WeakReference(captured);
            });
        }

        [Test]
        public void Objects_that_were_forgotten_are_freed()
        {
            // 65536 cancel tokens may live at once, and as many objects of other kinds as memory holds.
            for (var i = 0; i < 2000; ++i)
            {
                Tiny.Config();
                if (i % 100 == 0) Collect();
            }
            for (var i = 0; i < 20; ++i)
            {
                Tiny.Trainer();
                if (i % 10 == 0) Collect();
            }
        }
    }
}

using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class LifetimeTest
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
        private static void IsCollected(Func<WeakReference> make)
        {
            var forgotten = new List<WeakReference>();
            var thread = new Thread(() => { for (var i = 0; i < 20; ++i) forgotten.Add(make()); });
            thread.Start();
            thread.Join();
            Collect();
            var alive = forgotten.FindAll(reference => reference.IsAlive).Count;
            Assert.That(alive, Is.LessThan(3), "of 20");
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

        [Test]
        public void Objects_end_in_any_order()
        {
            var config = Tiny.Config();
            var model = new Model(config);
            var training = Dataset.FromConfig(config, DataPart.Training);
            var trainer = new Trainer(config, model);
            var trained = trainer.GetModel();
            var layers = trained.GetLayers();
            config.Dispose();
            model.Dispose();
            training.Dispose();
            trainer.Train(steps: 1);
            trainer.Dispose();
            Assert.That(layers[0].GetAlignment().Angle, Is.InRange(0, 90));
            trained.Dispose();
            Assert.Throws<ObjectDisposedException>(() => layers[0].GetAlignment());
        }

        // What is freed is overwritten in these tests: MALLOC_PERTURB_.
        [Test]
        public void Names_are_whole_though_the_model_is_disposed_meanwhile()
        {
            using (var config = Config.FromText(@"
                data { host {} } model { mlp { hidden: 4 classes: 2 } input { channels: 2 } }
                feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
            using (var first = new Model(config))
            {
                var names = first.GetTensorNames();
                var layers = first.GetLayers().Select(layer => layer.Name).ToList();
                for (var round = 0; round < 300; ++round)
                {
                    var model = new Model(config);
                    var started = new CountdownEvent(2);
                    var readers = Enumerable.Range(0, 2).Select(reader => Task.Factory.StartNew(() =>
                    {
                        started.Signal();
                        while (true)
                            try
                            {
                                Assert.That(names.SequenceEqual(model.GetTensorNames()));
                                Assert.That(layers.SequenceEqual(model.GetLayers().Select(layer => layer.Name)));
                            }
                            catch (ObjectDisposedException)
                            {
                                return;
                            }
                    }, TaskCreationOptions.LongRunning)).ToArray();
                    started.Wait();
                    Thread.Sleep(round % 3);
                    model.Dispose();
                    Task.WaitAll(readers);
                }
            }
        }
    }
}

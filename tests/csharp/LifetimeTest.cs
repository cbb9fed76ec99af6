using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace SignSym.Tests
{
    // Disposal: in any order, from any thread, during any call.
    [TestFixture]
    public class LifetimeTest
    {
        [Test]
        public void What_is_disposed_answers_no_call_though_it_is_in_use()
        {
            using (var config = Tiny.Config())
            using (var samples = Tensor.From(new float[2, 4]))
            using (var labels = Tensor.From(new long[2]))
            using (var data = Dataset.FromMemory(samples, labels, 2)) // uses both
            {
                samples.Dispose();
                Assert.Throws<ObjectDisposedException>(() => samples.ToArray());
                Assert.Throws<ObjectDisposedException>(() => Dataset.FromMemory(samples, labels, 2));
                Assert.AreEqual(2, data.Size);
                var trainer = new Trainer(config);
                var refused = 0;
                Assert.Throws<OperationCanceledException>(() => trainer.Train(e =>
                {
                    trainer.Dispose();
                    try
                    {
                        trainer.LearningRate = 1;
                    }
                    catch (ObjectDisposedException)
                    {
                        ++refused;
                    }
                }));
                Assert.That(refused, Is.GreaterThan(0));
            }
        }

        [Test]
        public void A_task_whose_trainer_is_disposed_is_cancelled_or_was_at_its_end()
        {
            for (var round = 0; round < 60; ++round)
            {
                var trainer = Tiny.Trainer();
                var run = trainer.TrainAsync(epochs: 1);
                if (round % 3 == 1) Thread.Sleep(round);
                if (round % 3 == 2) SpinWait.SpinUntil(() => run.IsCompleted || trainer.Metrics.Step == 4, 30000);
                trainer.Dispose();
                try
                {
                    Assert.AreEqual(4, run.Result.Step);
                }
                catch (AggregateException exception)
                {
                    Assert.IsInstanceOf<OperationCanceledException>(exception.InnerException);
                    Assert.IsTrue(run.IsCanceled);
                }
                var refused = Assert.Throws<AggregateException>(() => trainer.TrainAsync().Wait());
                Assert.IsInstanceOf<ObjectDisposedException>(refused.InnerException);
            }
        }

        [Test]
        public void An_aborted_thread_leaves_a_trainer_that_goes_on()
        {
            if (!System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription.StartsWith("Mono"))
                Assert.Ignore(".NET Core aborts no threads");
            using (var trainer = Tiny.Trainer())
            using (var inside = new ManualResetEventSlim())
            {
                Exception thrown = null;
                var thread = new Thread(() =>
                {
                    try
                    {
                        trainer.Train(e =>
                        {
                            inside.Set();
                            Thread.Sleep(20000);
                        });
                    }
                    catch (Exception exception)
                    {
                        thrown = exception;
                    }
                });
                thread.Start();
                inside.Wait();
                thread.Abort();
                thread.Join();
                Assert.IsInstanceOf<SignSymException>(thrown);
                Assert.IsInstanceOf<ThreadAbortException>(thrown.InnerException);
                Assert.AreEqual(Tiny.Steps, trainer.Train().Step);
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
        public void Names_are_whole_while_another_object_of_the_model_replaces_its_head()
        {
            using (var config = Config.FromText(@"
                data { host {} } model { mlp { hidden: 4 classes: 2 } input { channels: 2 } }
                feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
            using (var model = new Model(config))
            using (var same = Another(model, config))
            {
                var names = model.GetTensorNames();
                var parameters = model.GetParameterNames();
                var layers = model.GetLayers().Select(layer => layer.Name).ToList();
                var replacing = Task.Factory.StartNew(() =>
                {
                    for (var round = 0; round < 2000; ++round) same.ReplaceHead(2 + round % 3);
                }, TaskCreationOptions.LongRunning);
                while (!replacing.IsCompleted)
                {
                    CollectionAssert.AreEqual(names, model.GetTensorNames());
                    CollectionAssert.AreEqual(parameters, model.GetParameterNames());
                    CollectionAssert.AreEqual(layers, model.GetLayers().Select(layer => layer.Name));
                    foreach (var name in names) model.GetTensor(name).Dispose();
                }
                replacing.Wait();
            }
        }

        // A new head waits for the answer that the model gives.
        [Test]
        public void Names_of_a_model_are_told_while_another_waits_to_replace_its_head()
        {
            using (var config = Config.FromText(@"
                data { host {} } model { mlp { hidden: [1024, 1024, 1024] classes: 2 } input { channels: 1024 } }
                feedback { rule: SIGN_SYMMETRY } compute { threads: 1 precision: FP32 }"))
            using (var busy = new Model(config))
            using (var other = new Model(config))
            using (var samples = Tensor.From(new float[20000, 1024]))
            {
                var predicting = Task.Factory.StartNew(() => busy.Predict(samples).Dispose(),
                    TaskCreationOptions.LongRunning);
                Thread.Sleep(100);
                var replacing = Task.Factory.StartNew(() => busy.ReplaceHead(3), TaskCreationOptions.LongRunning);
                Thread.Sleep(100);
                Assert.AreEqual("fc1.weight", other.GetTensorNames()[0]);
                using (new Model(config)) Assert.IsFalse(predicting.IsCompleted, "it waited");
                Task.WaitAll(predicting, replacing);
            }
        }

        // A second object of the same native model, which no trainer has.
        private static Model Another(Model model, Config config)
        {
            using (var trainer = new Trainer(config, model)) return trainer.GetModel();
        }

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

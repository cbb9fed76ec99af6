using System;
using System.Linq;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class StepTest
    {
        private static Config Online() => Config.FromText(
            "data { host {} }\n" +
            "model { mlp { hidden: 16 classes: 2 } input { channels: 4 height: 1 width: 1 } }\n" +
            "feedback { rule: SIGN_SYMMETRY }\n" +
            "optimizer { learning_rate: 0.1 }\n" +
            "compute { threads: 1 }\n");

        [Test]
        public void Steps_on_batches_of_the_program_learn()
        {
            using (var config = Online())
            using (var trainer = new Trainer(config))
            {
                var samples = new float[32, 4];
                var labels = new int[32];
                var random = new Random(1);
                var losses = new double[200];
                using (var s = Tensor.From(samples))
                using (var l = Tensor.From(labels))
                    for (var step = 0; step < losses.Length; ++step)
                    {
                        for (var i = 0; i < 32; ++i) // the memory is used in place: new values in the old tensors
                        {
                            for (var j = 0; j < 4; ++j) samples[i, j] = (float)random.NextDouble() - 0.5f;
                            labels[i] = samples[i, 0] > samples[i, 1] ? 1 : 0;
                        }
                        losses[step] = trainer.Step(s, l);
                    }
                Assert.That(losses.Skip(180).Average(), Is.LessThan(0.7 * losses.Take(20).Average()));
                Assert.AreEqual(200, trainer.Metrics.Step);
                Assert.AreEqual(losses.Last(), trainer.Metrics.StepLoss);
            }
        }

        [Test]
        public void A_learning_rate_is_set_and_given_back()
        {
            using (var config = Online())
            using (var trainer = new Trainer(config))
            {
                Assert.AreEqual(0.1, trainer.LearningRate);
                trainer.LearningRate = 0.25;
                Assert.AreEqual(0.25, trainer.LearningRate);
                Assert.AreEqual(0.25, trainer.Metrics.LearningRate);
                trainer.LearningRate = double.NaN;
                using (var samples = Tensor.From(new float[2, 4]))
                using (var labels = Tensor.From(new int[2])) trainer.Step(samples, labels);
                Assert.AreEqual(0.1, trainer.LearningRate);
                Tiny.Fails(Status.InvalidArgument, () => trainer.LearningRate = -1);
            }
        }

        [Test]
        public void Wrong_batches_change_nothing()
        {
            using (var config = Online())
            using (var trainer = new Trainer(config))
            using (var samples = Tensor.From(new float[2, 4]))
            using (var labels = Tensor.From(new int[2]))
            using (var three = Tensor.From(new int[3]))
            using (var large = Tensor.From(new[] { 0, 2 }))
            using (var wide = Tensor.From(new float[2, 5]))
            {
                var before = trainer.Checkpoint();
                Tiny.Fails(Status.InvalidArgument, () => trainer.Step(samples, three));
                Tiny.Fails(Status.InvalidArgument, () => trainer.Step(samples, large));
                Tiny.Fails(Status.InvalidArgument, () => trainer.Step(wide, labels));
                Assert.Throws<ArgumentNullException>(() => trainer.Step(null, labels));
                Assert.Throws<ArgumentNullException>(() => trainer.Step(samples, null));
                CollectionAssert.AreEqual(before, trainer.Checkpoint());
            }
        }

        [Test]
        public void A_checkpoint_of_bytes_or_a_file_brings_the_state_back()
        {
            using (var trainer = Tiny.Trainer())
            {
                trainer.Train(steps: 3);
                var third = trainer.Checkpoint();
                var path = Tiny.NewPath(".safetensors");
                trainer.SaveCheckpoint(path);
                CollectionAssert.AreEqual(third, System.IO.File.ReadAllBytes(path));
                trainer.Train();
                var last = trainer.Checkpoint();
                Assert.That(trainer.IsFinished);
                trainer.Restore(third);
                Assert.AreEqual(3, trainer.Metrics.Step);
                Assert.That(!trainer.IsFinished);
                trainer.Train();
                CollectionAssert.AreEqual(last, trainer.Checkpoint());
                StringAssert.Contains("mine", Tiny.Fails(Status.BadData, () =>
                    trainer.Restore(new byte[10], "mine")).Message);
                Tiny.Fails(Status.BadData, () => trainer.Restore(new byte[0]));
                Assert.Throws<ArgumentNullException>(() => trainer.Restore(null));
            }
        }

        [Test]
        public void A_checkpoint_that_no_array_holds_is_refused_in_words()
        {
            Assert.AreEqual(0x7fffffc7, NativeBytes.Length(0x7fffffc7));
            foreach (var size in new[] { 0x7fffffc8UL, 3UL << 30, 1UL << 40 })
                StringAssert.Contains("write to a file instead",
                    Tiny.Fails(Status.Unsupported, () => NativeBytes.Length(size)).Message);
        }

        [Test]
        public void A_run_is_paused_and_goes_on()
        {
            using (var trainer = Tiny.Trainer())
            {
                trainer.Train(e => { if (e.Step == 2) trainer.Pause(); });
                Assert.AreEqual(2, trainer.Metrics.Step);
                trainer.Train(steps: 1);
                Assert.AreEqual(3, trainer.Metrics.Step);
                trainer.Train(epochs: 1);
                Assert.That(trainer.Metrics.Step, Is.GreaterThanOrEqualTo(Tiny.StepsPerEpoch));
                trainer.Train();
                var metrics = trainer.Metrics;
                Assert.That(metrics.IsFinished);
                Assert.AreEqual(Tiny.Steps, metrics.Step);
                Assert.AreEqual(Tiny.Epochs, metrics.Epoch);
                Assert.AreEqual(Tiny.HeldOut, metrics.Samples);
                Assert.That(metrics.Top1, Is.InRange(0, 100));
                Assert.That(metrics.Loss, Is.EqualTo(trainer.Evaluate().Loss));
                Assert.That(metrics.BestStep, Is.InRange(1, Tiny.Steps));
                StringAssert.Contains("\"step\"", trainer.MetricsJson);
                Tiny.Fails(Status.InvalidArgument, () => trainer.Train(steps: -1));
            }
        }

        [Test]
        public void Step_events_are_thinned_out()
        {
            using (var trainer = Tiny.Trainer())
            {
                trainer.LimitEvents(1e-3);
                int steps = 0, epochs = 0;
                trainer.Train(e =>
                {
                    if (e.Kind == EventKind.Step) ++steps;
                    if (e.Kind == EventKind.Epoch) ++epochs;
                });
                Assert.That(steps, Is.LessThan(Tiny.Steps));
                Assert.AreEqual(Tiny.Epochs, epochs);
                Tiny.Fails(Status.InvalidArgument, () => trainer.LimitEvents(-1));
            }
        }
    }
}

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class TrainerTest
    {
        // Reports where it is called, as Progress does not.
        private sealed class Direct : IProgress<TrainingEvent>
        {
            private readonly Action<TrainingEvent> report;
            public Direct(Action<TrainingEvent> report) { this.report = report; }
            public void Report(TrainingEvent value) => report(value);
        }

        [Test]
        public void A_config_is_trained_and_tells_of_it()
        {
            var folder = Tiny.NewPath();
            var events = new List<TrainingEvent>();
            using (var trainer = Tiny.Trainer(folder)) trainer.Train(e => events.Add(e));

            Assert.AreEqual(EventKind.Start, events.First().Kind);
            Assert.AreEqual(EventKind.End, events.Last().Kind);
            Assert.AreEqual("finished", events.Last().Text);
            var steps = events.Where(e => e.Kind == EventKind.Step).ToList();
            CollectionAssert.AreEqual(Enumerable.Range(1, Tiny.Steps), steps.Select(e => e.Step));
            Assert.That(steps.All(e => e.Loss > 0 && e.LearningRate == 0.05 && e.StepsPerEpoch == Tiny.StepsPerEpoch &&
                e.Epochs == Tiny.Epochs));
            CollectionAssert.AreEqual(new[] { 1, 2 },
                events.Where(e => e.Kind == EventKind.Epoch).Select(e => e.Epoch));
            Assert.That(events.Where(e => e.Kind == EventKind.Evaluation && e.Step > 0).All(e =>
                e.Top1 >= 0 && e.Top1 <= 100 && e.Loss > 0));
            Assert.That(events.Where(e => e.Kind == EventKind.Checkpoint).All(e => File.Exists(e.Text)));
            Assert.That(events.All(e => e.Json.StartsWith("{\"") && e.Json.EndsWith("}")), "each is a line of JSON");
            Assert.That(File.Exists(Path.Combine(folder, "model.safetensors")));
        }

        [Test]
        public void A_text_is_trained_as_its_config_is()
        {
            using (var config = Tiny.Config())
            using (var trainer = new Trainer(config))
            using (var same = Trainer.FromText(config.ToText()))
            {
                trainer.Train();
                same.Train();
                CollectionAssert.AreEqual(trainer.Checkpoint(), same.Checkpoint());
            }
            StringAssert.Contains("mine.textproto",
                Tiny.Fails(Status.InvalidConfig, () => Trainer.FromText("train { epochs: many }", "mine.textproto")).Message);
            Assert.Throws<ArgumentNullException>(() => Trainer.FromText(null));
        }

        [Test]
        public void Progress_is_told_what_a_handler_is_told()
        {
            var handled = new List<string>();
            var reported = new List<string>();
            using (var trainer = Tiny.Trainer()) trainer.Train(e => handled.Add(e.Kind + " " + e.Step + " " + e.Loss));
            using (var trainer = Tiny.Trainer()) trainer.Train(new Direct(e =>
                reported.Add(e.Kind + " " + e.Step + " " + e.Loss)));
            CollectionAssert.AreEqual(handled, reported);
        }

        [Test]
        public void Progress_of_NET_is_told_too()
        {
            var ended = new ManualResetEventSlim();
            using (var trainer = Tiny.Trainer())
                trainer.Train(new Progress<TrainingEvent>(e => { if (e.Kind == EventKind.End) ended.Set(); }));
            Assert.That(ended.Wait(10000), "it comes on a thread of the pool");
        }

        [Test]
        public void It_trains_without_a_handler()
        {
            using (var trainer = Tiny.Trainer())
            {
                trainer.Train();
                Assert.That(trainer.Evaluate().Samples, Is.EqualTo(Tiny.HeldOut));
                trainer.Train(null);
                trainer.Train(null, CancellationToken.None);
                trainer.Train((IProgress<TrainingEvent>)null);
                trainer.TrainAsync(null, CancellationToken.None).Wait();
                Assert.Throws<ArgumentNullException>(() => TrainerExtensions.Train(null, new Direct(e => { })));
            }
        }

        [Test]
        public void A_run_returns_where_it_ended_and_what_it_reached()
        {
            using (var trainer = Tiny.Trainer())
            {
                Assert.AreEqual(1, trainer.Train(steps: 1).Step);
                Assert.AreEqual(2, trainer.TrainAsync(steps: 1).Result.Step);
                Assert.AreEqual(3, trainer.Train(new Direct(e => { }), steps: 1).Step);
                Assert.AreEqual(4, trainer.TrainAsync(new Direct(e => { }), steps: 1).Result.Step);
                var reached = trainer.Train();
                Assert.AreEqual(Tiny.Steps, reached.Step);
                Assert.AreEqual(trainer.Evaluate().Loss, reached.Loss);
            }
        }

        [Test]
        public void Disposing_after_the_last_step_cancels_too()
        {
            var trainer = Tiny.Trainer();
            Assert.Throws<OperationCanceledException>(() =>
                trainer.Train(e => { if (e.Kind == EventKind.End) trainer.Dispose(); }));
        }

        [Test]
        public void An_exception_of_a_handler_stops_the_run_and_is_the_cause()
        {
            var thrown = new InvalidTimeZoneException("of the handler");
            using (var trainer = Tiny.Trainer())
            {
                var steps = 0;
                var failure = Tiny.Fails(Status.CallbackFailed, () => trainer.Train(e =>
                {
                    if (e.Kind == EventKind.Step && ++steps == 3) throw thrown;
                }));
                Assert.AreSame(thrown, failure.InnerException);
                Assert.AreEqual(3, steps);
                var seen = new List<long>();
                trainer.Train(e => { if (e.Kind == EventKind.Step) seen.Add(e.Step); }); // goes on
                CollectionAssert.AreEqual(new long[] { 4, 5, 6, 7, 8 }, seen);
            }
        }

        [Test]
        public void An_exception_of_a_handler_when_the_run_has_failed_already_is_not_lost()
        {
            var thrown = new TimeoutException("of the handler");
            using (var config = Tiny.Config().Set("optimizer.learning_rate", "1e30"))
            using (var trainer = new Trainer(config))
            {
                var failure = Tiny.Fails(Status.Diverged, () =>
                    trainer.Train(e => { if (e.Kind == EventKind.End) throw thrown; }));
                Assert.AreSame(thrown, failure.InnerException);
            }
        }

        [Test]
        public void A_token_cancels_the_run_after_its_step_and_another_goes_on()
        {
            using (var source = new CancellationTokenSource())
            using (var trainer = Tiny.Trainer())
            {
                long last = 0;
                string end = null;
                var cancelled = Assert.Throws<OperationCanceledException>(() => trainer.Train(e =>
                {
                    if (e.Kind == EventKind.Step) last = e.Step;
                    if (e.Step == 2) source.Cancel();
                    if (e.Kind == EventKind.End) end = e.Text;
                }, source.Token));
                Assert.AreEqual(source.Token, cancelled.CancellationToken);
                Assert.AreEqual(2, last);
                Assert.AreEqual("cancelled", end);
                trainer.Train(e => { if (e.Kind == EventKind.Step) last = e.Step; });
                Assert.AreEqual(Tiny.Steps, last);
            }
        }

        [Test]
        public void A_token_that_is_cancelled_already_lets_nothing_begin()
        {
            using (var trainer = Tiny.Trainer())
            {
                var events = 0;
                Assert.Throws<OperationCanceledException>(() =>
                    trainer.Train(e => ++events, new CancellationToken(true)));
                Assert.AreEqual(0, events);
                Assert.That(trainer.TrainAsync(e => ++events, new CancellationToken(true)).ContinueWith(t =>
                    t.IsCanceled).Result);
                Assert.AreEqual(0, events);
            }
        }

        [Test]
        public void TrainAsync_trains_on_a_thread_of_its_own()
        {
            var here = Thread.CurrentThread.ManagedThreadId;
            var there = here;
            using (var trainer = Tiny.Trainer())
            {
                trainer.TrainAsync(e => there = Thread.CurrentThread.ManagedThreadId).Wait();
                Assert.AreNotEqual(here, there);
            }
        }

        [Test]
        public void TrainAsync_ends_as_its_run_ends()
        {
            using (var source = new CancellationTokenSource())
            using (var trainer = Tiny.Trainer())
            {
                var run = trainer.TrainAsync(new Direct(e => { if (e.Kind == EventKind.Step) source.Cancel(); }),
                    source.Token);
                run.ContinueWith(_ => { }).Wait();
                Assert.AreEqual(TaskStatus.Canceled, run.Status);
                var thrown = new FormatException();
                var failed = trainer.TrainAsync(e => { throw thrown; });
                failed.ContinueWith(_ => { }).Wait();
                Assert.AreEqual(TaskStatus.Faulted, failed.Status);
                Assert.AreSame(thrown, failed.Exception.InnerException.InnerException);
            }
        }

        [Test]
        public void A_second_run_at_once_is_told_that_the_trainer_is_busy()
        {
            using (var trainer = Tiny.Trainer())
            {
                SignSymException fromHandler = null, fromThread = null;
                var steps = 0;
                trainer.Train(e =>
                {
                    if (e.Kind == EventKind.Step) ++steps;
                    if (e.Step != 2 || fromThread != null) return;
                    fromHandler = Tiny.Fails(Status.Busy, () => trainer.Train());
                    Task.Run(() => fromThread = Tiny.Fails(Status.Busy, () => trainer.Train(x => steps += 100))).Wait();
                    Tiny.Fails(Status.Busy, () => trainer.Evaluate());
                });
                Assert.NotNull(fromHandler);
                Assert.NotNull(fromThread);
                Assert.AreEqual(Tiny.Steps, steps);
            }
        }

        [Test]
        public void Disposing_twice_does_nothing_and_later_calls_are_refused()
        {
            var trainer = Tiny.Trainer();
            trainer.Dispose();
            trainer.Dispose();
            var refused = Assert.Throws<ObjectDisposedException>(() => trainer.Train());
            Assert.AreEqual("Trainer", refused.ObjectName);
            Assert.Throws<ObjectDisposedException>(() => trainer.Evaluate());
            Assert.Throws<ObjectDisposedException>(() => trainer.GetConfig().Dispose());
            Assert.Throws<AggregateException>(() => trainer.TrainAsync().Wait());
        }

        [Test]
        public void Disposing_in_a_handler_cancels_the_run()
        {
            var trainer = Tiny.Trainer();
            long last = 0;
            Assert.Throws<OperationCanceledException>(() => trainer.Train(e =>
            {
                if (e.Kind == EventKind.Step) last = e.Step;
                if (e.Step == 2) trainer.Dispose();
            }));
            Assert.AreEqual(2, last);
            Assert.Throws<ObjectDisposedException>(() => trainer.Train());
        }

        [Test]
        public void Disposing_from_another_thread_cancels_the_run()
        {
            var trainer = Tiny.Trainer();
            var begun = new ManualResetEventSlim();
            var disposed = new ManualResetEventSlim();
            var run = trainer.TrainAsync(e =>
            {
                begun.Set();
                Assert.That(disposed.Wait(10000), "Dispose does not wait for the run");
            });
            Assert.That(begun.Wait(10000));
            trainer.Dispose();
            disposed.Set();
            run.ContinueWith(_ => { }).Wait();
            Assert.AreEqual(TaskStatus.Canceled, run.Status);
        }

        [Test]
        public void Two_trainers_in_two_threads_give_each_the_bytes_that_it_gives_alone()
        {
            var folders = Enumerable.Range(0, 3).Select(_ => Tiny.NewPath()).ToArray();
            using (var trainer = Tiny.Trainer(folders[0])) trainer.Train();
            var both = new[] { Tiny.Trainer(folders[1]), Tiny.Trainer(folders[2]) };
            Task.WaitAll(both.Select(trainer => trainer.TrainAsync()).ToArray());
            foreach (var trainer in both) trainer.Dispose();
            CollectionAssert.AreEqual(Tiny.LastCheckpoint(folders[0]), Tiny.LastCheckpoint(folders[1]));
            CollectionAssert.AreEqual(Tiny.LastCheckpoint(folders[0]), Tiny.LastCheckpoint(folders[2]));
        }

        [Test]
        public void A_run_folder_is_resumed()
        {
            var whole = Tiny.NewPath();
            var broken = Tiny.NewPath();
            using (var trainer = Tiny.Trainer(whole)) trainer.Train();
            using (var trainer = Tiny.Trainer(broken))
                Tiny.Fails(Status.CallbackFailed, () =>
                    trainer.Train(e => { if (e.Step == 3) throw new TimeoutException(); }));
            using (var trainer = Trainer.Resume(broken)) trainer.Train();
            CollectionAssert.AreEqual(Tiny.LastCheckpoint(whole), Tiny.LastCheckpoint(broken));
        }

        [Test]
        public void Errors_say_what_is_wrong_and_where()
        {
            Assert.Throws<ArgumentNullException>(() => new Trainer(null).Dispose());
            Assert.Throws<ArgumentNullException>(() => Trainer.FromFile(null).Dispose());
            StringAssert.Contains("nowhere.textproto",
                Tiny.Fails(Status.NotFound, () => Trainer.FromFile("nowhere.textproto")).Message);
            Tiny.Fails(Status.NotFound, () => Trainer.Resume(Tiny.NewPath()));
            using (var config = Tiny.Config())
            {
                config.SetText("data.cifar10.path", Tiny.NewPath("größer"));
                StringAssert.Contains("größer", Tiny.Fails(Status.NotFound, () => new Trainer(config)).Message);
                config.Set("optimizer.learning_rate", "-1");
                Assert.AreEqual("optimizer.learning_rate",
                    Tiny.Fails(Status.InvalidConfig, () => new Trainer(config)).Field);
            }
            var folder = Tiny.NewPath();
            using (Tiny.Trainer(folder)) Tiny.Fails(Status.AlreadyExists, () => Tiny.Trainer(folder));
        }
    }
}

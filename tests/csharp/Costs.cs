using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using SignSym;

// What the binding costs, in time and memory:
//   Costs.exe events | samples | steps TEXT | cycles N | forgotten N | epochs N | unforced N
// The last four fail where memory or time grows.
internal static class Costs
{
    private static int Main(string[] arguments)
    {
        GC.KeepAlive(Library.Version); // loads the native libraries, before raw calls are compiled
        switch (arguments[0])
        {
            case "events": return Events();
            case "samples": return Samples();
            case "steps": return Steps(arguments[1]);
            case "cycles": return Judged(() => Cycles(int.Parse(arguments[1]), true));
            case "forgotten": return Judged(() => Cycles(int.Parse(arguments[1]), false));
            case "epochs": return Judged(() => Epochs(int.Parse(arguments[1])));
            case "unforced": return Unforced(int.Parse(arguments[1]));
            default: return 2;
        }
    }

    private static Config SmallConfig(int epochs) => Config.FromText(
        "data { host {} batch_size: 64 }\n" +
        "model { mlp { hidden: 32 classes: 2 } input { channels: 1 } }\n" +
        "feedback { rule: SIGN_SYMMETRY }\n" +
        "optimizer { learning_rate: 0.01 }\n" +
        "train { epochs: " + epochs + " }\n" +
        "compute { threads: 1 }\n");

    private static unsafe Dataset SmallData(int size) =>
        Dataset.FromCallback(size, 2, new long[] { 1 }, TensorType.F32, (index, sample) =>
    {
        *(float*)sample = index % 7;
        return index % 2;
    });

    // The trampoline, the copy of the event with its JSON, a handler that does nothing: called by its address, as
    // native code does, with an event of a run.
    private static int Events()
    {
        const int count = 200000;
        var seconds = 0.0;
        var listener = GCHandle.Alloc(new EventListener { Handler = e => { } });
        var address = Marshal.GetFunctionPointerForDelegate(Callbacks.OnEvent);
        var trampoline = Marshal.GetDelegateForFunctionPointer<EventFunction>(address);
        EventFunction inside = (trainingEvent, userData) =>
        {
            if (Raw.signsym_event_type(trainingEvent) != Raw.SIGNSYM_EVENT_STEP || seconds > 0) return 0;
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < count; ++i) trampoline(trainingEvent, GCHandle.ToIntPtr(listener));
            seconds = clock.Elapsed.TotalSeconds;
            return 1;
        };
        using (var config = SmallConfig(1))
        using (var data = SmallData(640))
        {
            Failure.Check(Raw.signsym_trainer_create_with(config.Handle, ModelHandle.None, data.Handle,
                DatasetHandle.None, out var trainer, out var error), error);
            using (trainer)
            {
                Failure.Check(Raw.signsym_trainer_on_event(trainer, inside, IntPtr.Zero, null, out error), error);
                Raw.signsym_trainer_run(trainer, new CancelHandle(), out error);
                error.Dispose();
            }
        }
        GC.KeepAlive(inside);
        return Rate("events", count / seconds);
    }

    // A data callback that does next to nothing, with all else that an evaluation does.
    private static int Samples()
    {
        const int count = 1000000;
        using (var config = SmallConfig(1).Set("data.batch_size", "4096"))
        using (var data = SmallData(count))
        using (var trainer = new Trainer(config, null, null, data))
        {
            var clock = Stopwatch.StartNew();
            trainer.Evaluate();
            return Rate("samples by callback", count / clock.Elapsed.TotalSeconds);
        }
    }

    private static int Rate(string what, double rate)
    {
        Console.WriteLine("{0:F0} {1} a second on {2}", rate, what, RuntimeInformation.FrameworkDescription);
        return rate >= 2e5 ? 0 : 1;
    }

    // A contestant of tests/benchmarks/compare.py, whose text has the protocol, as trainer_step.c is in C: seconds of a
    // step of a run, until the handler has its event. The handler waits between two steps.
    private static int Steps(string text)
    {
        var clock = new Stopwatch();
        long left = 0;
        using (var ended = new System.Threading.CancellationTokenSource())
        using (var config = Config.FromText(text))
        using (var trainer = new Trainer(config))
        {
            try
            {
                trainer.Train(e =>
                {
                    var seconds = clock.Elapsed.TotalSeconds;
                    if (e.Kind == EventKind.Start)
                        Console.WriteLine("{{\"program\": \"C#\", \"version\": \"{0} on {1}\", \"threads\": 2}}",
                            Library.Version, RuntimeInformation.FrameworkDescription);
                    else if (e.Kind != EventKind.Step) return;
                    else if (--left >= 0) Console.WriteLine(seconds.ToString("F9", CultureInfo.InvariantCulture));
                    if (left <= 0)
                    {
                        var request = Console.ReadLine();
                        if (request == null) ended.Cancel();
                        else left = long.Parse(request.Substring("step ".Length));
                    }
                    clock.Restart();
                }, ended.Token);
            }
            catch (OperationCanceledException)
            {
            }
        }
        return 0;
    }

    // What is forgotten weighs on the garbage collector though it is native: nobody asks for a collection here.
    private static int Unforced(int count)
    {
        const long size = 8 << 20;
        var before = Resident();
        var most = before;
        using (var config = Config.FromText(
            "data { host {} } model { mlp { hidden: 2048 classes: 2 } input { channels: 1024 } } " +
            "feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
        using (var model = new Model(config))
        {
            for (var i = 0; i < count; ++i)
            {
                switch (i % 4)
                {
                    case 0: new Model(config); break;
                    case 1: new Trainer(config).GetModel(); break;
                    default: model.GetLayers()[0].GetFeedbackWeight(); break;
                }
                most = Math.Max(most, Resident());
            }
        }
        Console.WriteLine("{0} forgotten, {1} MiB: memory grew by {2:F0} MiB", count, count * size >> 20,
            (most - before) / (1 << 20));
        return most - before <= count * size / 3 ? 0 : 1;
    }

    // Everything that can be made, used a little and disposed, or forgotten.
    private static int Cycles(int count, bool dispose)
    {
        return Flat(count / 10, _ =>
        {
            for (var i = 0; i < 10; ++i) Cycle(dispose);
        });
    }

    private static void Cycle(bool dispose)
    {
        var config = SmallConfig(1);
        var samples = Tensor.From(new float[64, 1]);
        var labels = Tensor.From(new long[64]);
        var data = Dataset.FromMemory(samples, labels, 2);
        var model = new Model(config);
        var trainer = new Trainer(config, model, data);
        trainer.Train(e => { });
        trainer.Step(samples, labels);
        var answers = model.Predict(samples);
        if (!dispose) return;
        foreach (var made in new IDisposable[] { answers, trainer, model, data, labels, samples,
            config }) made.Dispose();
    }

    private static int Epochs(int count)
    {
        using (var config = SmallConfig(count))
        using (var data = SmallData(20000))
        using (var trainer = new Trainer(config, null, data))
            return Flat(count, _ => trainer.Train(e => { }, default(System.Threading.CancellationToken), 1));
    }

    // What becomes slower does so each time; what another program has slowed down does not.
    private static int Judged(Func<int> measure)
    {
        var result = measure();
        for (var again = 0; again < 2 && result == Slower; ++again) result = measure();
        return result;
    }

    private const int Slower = 3;

    // After a warm-up of a fifth: resident memory within 2 %, and with SIGNSYM_TEST_TIME time within 10 % (or Slower).
    private static int Flat(int rounds, Action<int> round)
    {
        var memory = new List<double>();
        var times = new List<double>();
        for (var i = 0; i < rounds; ++i)
        {
            var clock = Stopwatch.StartNew();
            round(i);
            times.Add(clock.Elapsed.TotalSeconds);
            if (i % 10 == 9 || rounds < 100)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
            }
            memory.Add(Resident());
        }
        var warm = rounds / 5;
        int tenth = Math.Max(rounds / 10, 1), quarter = Math.Max(rounds / 4, 1);
        var growth = memory.Skip(rounds - tenth).Average() / memory.Skip(warm).Take(tenth).Average() - 1;
        var slowing = Fast(times.Skip(rounds - quarter)) / Fast(times.Skip(warm).Take(quarter)) - 1;
        Console.WriteLine("memory {0:F1} MiB, {1:+0.00;-0.00} %; {2:F4} s a round, {3:+0.0;-0.0} %",
            memory.Last() / (1 << 20), 100 * growth, Fast(times.Skip(warm)), 100 * slowing);
        if (growth > 0.02) return 1;
        return slowing <= 0.1 || Environment.GetEnvironmentVariable("SIGNSYM_TEST_TIME") == null ? 0 : Slower;
    }

    // What other programs have slowed down does not count.
    private static double Fast(IEnumerable<double> times)
    {
        var sorted = times.OrderBy(time => time).ToList();
        return sorted[sorted.Count / 10];
    }

    private static double Resident() => 4096 * double.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]);
}

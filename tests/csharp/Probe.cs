using System;
using System.IO;
using SignSym;

// One call as the first of a process: Probe.exe CALL [LIBTORCH]. Says "works", or the failure's status and message.
internal static class Probe
{
    private static int Main(string[] arguments)
    {
        try
        {
            if (arguments.Length > 1) Library.LibTorch = arguments[1];
            Call(arguments[0]);
            Console.WriteLine("works");
            return 0;
        }
        catch (SignSymException failure)
        {
            // That a file or config is bad is for the library to say: it was loaded.
            if (arguments[0] != "version" && failure.Message.Contains("no-such-file"))
            {
                Console.WriteLine("works");
                return 0;
            }
            Console.WriteLine(failure.Status + ": " + failure.Message);
            return 1;
        }
    }

    private static void Call(string name)
    {
        switch (name)
        {
            case "version": Console.WriteLine(Library.Version); break;
            case "info": Console.WriteLine(Library.BuildInfo()); break;
            case "text": Config.FromText("").Dispose(); break;
            case "file": Config.FromFile("no-such-file"); break;
            case "run": Config.FromRun("no-such-file"); break;
            case "tensor": Tensor.From(new float[4]).Dispose(); break;
            case "pointer": Tensor.From(System.Runtime.InteropServices.Marshal.AllocHGlobal(4), TensorType.F32,
                new long[] { 1 }).Dispose(); break;
            case "owner":
                Tensor.From(new IntPtr(8), TensorType.F32, new long[] { 1 }, null, new Owner()).Dispose();
                break;
            case "pinned": Pinned(); break;
            case "callback": Dataset.FromCallback(1, 2, new long[] { 1 }, (index, sample) => 0).Dispose(); break;
            case "model": Model.Load("no-such-file"); break;
            case "trainer": Trainer.FromFile("no-such-file"); break;
            case "resume": Trainer.Resume("no-such-file"); break;
            case "train":
                using (var trainer = Trainer.FromFile(Environment.GetEnvironmentVariable("PROBE_CONFIG")))
                    trainer.Train();
                break;
            case "train-async":
                using (var trainer = Trainer.FromFile(Environment.GetEnvironmentVariable("PROBE_CONFIG")))
                    trainer.TrainAsync().Wait();
                break;
            // A run that goes on when the process ends.
            case "exit":
                var running = Trainer.FromFile(Environment.GetEnvironmentVariable("PROBE_CONFIG"));
                var begun = new System.Threading.ManualResetEventSlim();
                running.TrainAsync(e => { if (e.Kind == EventKind.Step) begun.Set(); });
                begun.Wait();
                break;
            // The process is ended in a data callback, which its own run waits for.
            case "exit-in-source": ExitInSource(); break;
            default: throw new ArgumentException(name);
        }
    }

    private static void ExitInSource()
    {
        var clock = new System.Diagnostics.Stopwatch();
        var calls = 0;
        var config = Config.FromText(@"
            data { host {} batch_size: 8 } model { mlp { hidden: 4 classes: 2 } input { channels: 1 } }
            feedback { rule: SIGN_SYMMETRY } train { epochs: 1000 } compute { threads: 1 }");
        var data = Dataset.FromCallback(32, 2, new long[] { 1 }, (index, sample) =>
        {
            if (System.Threading.Interlocked.Increment(ref calls) == 100)
            {
                clock.Start();
                Environment.Exit(0);
            }
            return 0;
        }, Layout.Nchw, true);
        var trainer = new Trainer(config, null, data);
        var listens = false;
        trainer.Train(e =>
        {
            if (listens) return;
            listens = true; // after the library, which does since the run began
            AppDomain.CurrentDomain.ProcessExit += (sender, end) =>
                Console.WriteLine(clock.Elapsed.TotalSeconds < 8 ? "at once" : "late");
        });
    }

    // Arrays of which no tensor was made are free to go. Mono's stacks are scanned conservatively: a few may seem alive.
    private static void Pinned()
    {
        var arrays = new System.Collections.Generic.List<WeakReference>();
        SignSymException refusal = null;
        var thread = new System.Threading.Thread(() =>
        {
            for (var i = 0; i < 20; ++i)
            {
                var array = new float[1000];
                arrays.Add(new WeakReference(array));
                try
                {
                    Tensor.From(array);
                }
                catch (SignSymException exception)
                {
                    refusal = exception;
                }
            }
        });
        thread.Start();
        thread.Join();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Console.WriteLine(arrays.FindAll(array => array.IsAlive).Count < 5 ? "free" : "pinned");
        if (refusal != null) throw refusal;
    }

    private sealed class Owner : IDisposable
    {
        public void Dispose() => Console.WriteLine("disposed");
    }
}

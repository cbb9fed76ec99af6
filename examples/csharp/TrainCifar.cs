using System;
using System.Threading;
using SignSym;

// Trains a small ResNet on CIFAR-10 under sign-symmetry, with progress; Ctrl-C ends it after its step.
//   TrainCifar DATA [STEPS]        DATA: the folder of cifar-10-batches-bin, or examples/data/cifar10
internal static class TrainCifar
{
    private const string Settings = @"
        name: ""cifar10-sign-symmetry""
        data { batch_size: 64 transform { crop { padding: 4 } } transform { flip {} } transform { normalize {} } }
        model { resnet_cifar { depth: 8 } }
        feedback { rule: SIGN_SYMMETRY  layer { name: ""fc"" rule: BACKPROP } }
        optimizer { sgd { momentum: 0.9 weight_decay: 1e-4 } learning_rate: 0.1
                    schedule { cosine {} warmup_epochs: 1 } }
        train { epochs: 3 }";

    private static int Main(string[] arguments)
    {
        if (arguments.Length < 1)
        {
            Console.Error.WriteLine("usage: TrainCifar DATA [STEPS]");
            return 2;
        }
        var steps = arguments.Length > 1 ? long.Parse(arguments[1]) : 0; // 0: all
        using (var interrupted = new CancellationTokenSource())
        using (var config = Config.FromText(Settings).SetText("data.cifar10.path", arguments[0]))
        using (var trainer = new Trainer(config))
        {
            Console.CancelKeyPress += (sender, e) => { e.Cancel = true; interrupted.Cancel(); };
            try
            {
                trainer.LimitEvents(2);
                trainer.Train(Show, interrupted.Token, 0, steps);
            }
            catch (OperationCanceledException)
            {
                Console.WriteLine("\ncancelled after {0} steps", trainer.Metrics.Step);
                return 130;
            }
            using (var model = trainer.GetModel())
                foreach (var layer in model.GetLayers())
                {
                    var alignment = layer.GetAlignment();
                    Console.WriteLine("{0,-16} {1,-14} B lies {2:F1} degrees from W", layer.Name, layer.Rule,
                        alignment.Angle);
                }
        }
        return 0;
    }

    private static void Show(TrainingEvent e)
    {
        switch (e.Kind)
        {
            case EventKind.Step:
                Console.Write("\repoch {0}/{1}  {2,3}/{3} steps  loss {4:F3}  {5:F0} pictures/s ", e.Epoch, e.Epochs,
                    e.StepInEpoch,
                    e.StepsPerEpoch, e.Loss, e.SamplesPerSecond);
                break;
            case EventKind.Epoch:
                Console.WriteLine("\repoch {0}: training loss {1:F3}, held out {2:F1} %{3}", e.Epoch, e.Loss, e.Top1,
                    new string(' ', 20));
                break;
            case EventKind.Log:
                Console.WriteLine(e.Text);
                break;
        }
    }
}

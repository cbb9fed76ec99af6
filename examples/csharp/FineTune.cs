using System;
using System.IO;
using System.Linq;
using SignSym;

// Fine-tunes a trained model on pictures of one's own, of other classes, and asks it: here a ResNet that was trained for
// an epoch on CIFAR-10's ten classes learns to tell two things apart, vehicles and animals, by a new last layer.
//   FineTune DATA [STEPS]          DATA: the folder examples/data/cifar10
internal static class FineTune
{
    private const int PictureSize = 3 * 32 * 32, Count = 1024;
    private static readonly string[] Names = { "vehicle", "animal" };
    private static readonly int[] Vehicles = { 0, 1, 8, 9 }; // airplane, automobile, ship, truck

    private static int Main(string[] arguments)
    {
        if (arguments.Length < 1)
        {
            Console.Error.WriteLine("usage: FineTune DATA [STEPS]");
            return 2;
        }
        var steps = arguments.Length > 1 ? long.Parse(arguments[1]) : 0;
        var weights = Path.GetTempFileName();
        PreTrain(arguments[0], weights, steps);

        var file = File.ReadAllBytes(Path.Combine(arguments[0], "data_batch_1.bin"));
        var pixels = new byte[Count, 3, 32, 32]; // one's own pictures: arrays, used in place
        var labels = new byte[Count];
        for (var i = 0; i < Count; ++i)
        {
            var record = i * (1 + PictureSize);
            labels[i] = (byte)(Vehicles.Contains(file[record]) ? 0 : 1);
            Buffer.BlockCopy(file, record + 1, pixels, i * PictureSize, PictureSize);
        }

        using (var config = Settings("host {}").Set("train.epochs", "2").Set("model.input",
            "{ channels: 3 height: 32 width: 32 }"))
        using (var pictures = Tensor.From(pixels))
        using (var classes = Tensor.From(labels))
        using (var training = Dataset.FromMemory(pictures, classes, Names.Length))
        using (var model = new Model(config))
        {
            model.LoadWeights(weights);
            model.ReplaceHead(Names.Length);
            model.Freeze("*");
            model.Unfreeze("fc.*");
            using (var trainer = new Trainer(config, model, training))
            {
                trainer.LimitEvents(2);
                trainer.Train(Show, default(System.Threading.CancellationToken), 0, steps);
            }
            Console.WriteLine();

            using (var first = Tensor.From(pictures.Data, TensorType.U8, new long[] { 8, 3, 32, 32 }))
            using (var answers = model.Predict(first, Prediction.Probabilities))
            {
                var p = answers.ToArray();
                for (var i = 0; i < 8; ++i)
                    Console.WriteLine("picture {0}: {1}, {2:F0} % sure; it is: {3}", i,
                        Names[p[2 * i] > p[2 * i + 1] ? 0 : 1],
                        100 * Math.Max(p[2 * i], p[2 * i + 1]), Names[labels[i]]);
            }
        }
        File.Delete(weights);
        return 0;
    }

    private static Config Settings(string data) => Config.FromText(@"
        data { " + data + @" batch_size: 64 transform { flip {} }
               transform { normalize { mean: [0.4914, 0.4822, 0.4465] std: [0.247, 0.2435, 0.2616] } } }
        model { resnet_cifar { depth: 8 classes: 10 } }
        feedback { rule: SIGN_SYMMETRY }
        optimizer { sgd { momentum: 0.9 } learning_rate: 0.05 }
        train { epochs: 1 }");

    // Stands for the model that one has.
    private static void PreTrain(string data, string weights, long steps)
    {
        using (var config = Settings("cifar10 {}").SetText("data.cifar10.path", data))
        using (var trainer = new Trainer(config))
        {
            trainer.LimitEvents(2);
            trainer.Train(Show, default(System.Threading.CancellationToken), 0, steps);
            using (var model = trainer.GetModel()) model.SaveWeights(weights);
        }
        Console.WriteLine();
    }

    private static void Show(TrainingEvent e)
    {
        if (e.Kind == EventKind.Step)
            Console.Write("\repoch {0}/{1}  {2,3}/{3} steps  loss {4:F3} ", e.Epoch, e.Epochs, e.StepInEpoch,
                e.StepsPerEpoch, e.Loss);
        else if (e.Kind == EventKind.Epoch)
            Console.WriteLine("\repoch {0}: training loss {1:F3}{2}{3}", e.Epoch, e.Loss,
                double.IsNaN(e.Top1) ? "" : ", held out " + e.Top1.ToString("F1") + " %", new string(' ', 20));
    }
}

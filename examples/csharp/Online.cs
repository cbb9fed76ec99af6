using System;
using SignSym;

// Learns online: a step on each batch that the program gives, while what is to be learned changes. A point in the plane
// is to be named by the side of a line on which it lies, and the line turns.
//   Online [STEPS]
internal static class Online
{
    private const int BatchSize = 32;

    private static int Main(string[] arguments)
    {
        var steps = arguments.Length > 0 ? int.Parse(arguments[0]) : 3000;
        var points = new float[BatchSize, 2];
        var sides = new int[BatchSize];
        var random = new Random(1);
        using (var config = Config.FromText(@"
            data { host {} }
            model { mlp { hidden: 32 classes: 2 } input { channels: 2 } }
            feedback { rule: SIGN_SYMMETRY }
            optimizer { sgd { momentum: 0.9 } learning_rate: 0.05 }"))
        using (var trainer = new Trainer(config))
        using (var model = trainer.GetModel())
        using (var samples = Tensor.From(points)) // the arrays are used in place: new values, the same tensors
        using (var labels = Tensor.From(sides))
        {
            double loss = 0, right = 0;
            for (var step = 1; step <= steps; ++step)
            {
                var angle = 2 * Math.PI * step / 3000;
                for (var i = 0; i < BatchSize; ++i)
                {
                    points[i, 0] = (float)(2 * random.NextDouble() - 1);
                    points[i, 1] = (float)(2 * random.NextDouble() - 1);
                    sides[i] = points[i, 0] * Math.Cos(angle) + points[i, 1] * Math.Sin(angle) > 0 ? 1 : 0;
                }
                using (var answers = model.Predict(samples)) // first asked, then told
                {
                    var logits = answers.ToArray();
                    for (var i = 0; i < BatchSize; ++i) right += (logits[2 * i +
                        1] > logits[2 * i]) == (sides[i] == 1) ? 1 : 0;
                }
                loss += trainer.Step(samples, labels);
                if (step % 300 != 0 && step != steps) continue;
                var count = step % 300 == 0 ? 300 : step % 300;
                Console.WriteLine("step {0,4}: loss {1:F3}, {2:F1} % named right before the step", step, loss / count,
                    100 * right / count / BatchSize);
                loss = right = 0;
            }
        }
        return 0;
    }
}

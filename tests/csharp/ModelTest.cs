using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class ModelTest
    {
        private static Model New()
        {
            using (var config = Tiny.Config()) return new Model(config);
        }

        // Pictures of the held-out part, as the file holds them.
        private static Tensor Pictures(int count)
        {
            var file = File.ReadAllBytes(Path.Combine(Tiny.Source, "examples", "data", "cifar10", "test_batch.bin"));
            var pixels = new byte[count * Tiny.PictureSize];
            for (var i = 0; i < count; ++i) Array.Copy(file, i * (1 + Tiny.PictureSize) + 1, pixels,
                i * Tiny.PictureSize, Tiny.PictureSize);
            return Tensor.From(pixels, count, 3, 32, 32);
        }

        private static float[] Predict(Model model, Prediction how = Prediction.Logits)
        {
            using (var pictures = Pictures(4))
            using (var answers = model.Predict(pictures, how))
            {
                CollectionAssert.AreEqual(new long[] { 4, 10 }, answers.Shape);
                return answers.ToArray();
            }
        }

        [Test]
        public void A_trained_model_is_loaded_from_its_run_and_predicts_alike()
        {
            var folder = Tiny.NewPath();
            float[] expected;
            using (var trainer = Tiny.Trainer(folder))
            {
                trainer.Train();
                using (var model = trainer.GetModel()) expected = Predict(model);
            }
            using (var model = Model.Load(folder)) CollectionAssert.AreEqual(expected, Predict(model));
            using (var model = Model.Load(Path.Combine(folder, "checkpoint-" + Tiny.Steps + ".safetensors")))
                CollectionAssert.AreEqual(expected, Predict(model));
            using (var model = New())
            {
                CollectionAssert.AreNotEqual(expected, Predict(model));
                model.LoadWeights(Path.Combine(folder, "model.safetensors"));
                CollectionAssert.AreEqual(expected, Predict(model));
            }
        }

        [Test]
        public void Probabilities_are_the_softmax_of_the_logits()
        {
            using (var model = New())
            {
                var logits = Predict(model).Take(10).Select(x => Math.Exp(x)).ToArray();
                var probabilities = Predict(model, Prediction.Probabilities).Take(10).ToArray();
                for (var i = 0; i < 10; ++i) Assert.AreEqual(logits[i] / logits.Sum(), probabilities[i], 1e-5);
            }
        }

        [Test]
        public void Pictures_of_both_layouts_and_floats_are_answered_alike()
        {
            using (var model = New())
            using (var pictures = Pictures(4))
            {
                var expected = Predict(model);
                var planes = pictures.ToArray();
                var pixels = new float[planes.Length];
                for (var i = 0; i < planes.Length; ++i)
                {
                    int picture = i / 3072, plane = i / 1024 % 3, pixel = i % 1024;
                    pixels[picture * 3072 + pixel * 3 + plane] = planes[i] / 255;
                }
                using (var samples = Tensor.From(pixels, 4, 32, 32, 3))
                using (var answers = model.Predict(samples, Prediction.Logits, Layout.Nhwc))
                    Assert.That(answers.ToArray(), Is.EqualTo(expected).Within(1e-5));
            }
        }

        [Test]
        public void Samples_as_they_are_go_past_the_transforms()
        {
            using (var config = Config.FromText(@"
                data { host {} transform { normalize { mean: [0.5, 0.25, 0] std: [0.25, 0.5, 1] } } }
                model { resnet_cifar { depth: 8 width: 4 classes: 10 } input { channels: 3 height: 32 width: 32 } }
                feedback { rule: SIGN_SYMMETRY } compute { threads: 1 }"))
            using (var model = new Model(config))
            using (var pictures = Pictures(4))
            using (var expected = model.Predict(pictures))
            {
                float[] mean = { 0.5f, 0.25f, 0 }, deviation = { 0.25f, 0.5f, 1 };
                var values = pictures.ToArray().Select((x, i) =>
                    (x / 255 - mean[i / 1024 % 3]) / deviation[i / 1024 % 3]).ToArray();
                using (var samples = Tensor.From(values, 4, 3, 32, 32))
                using (var answers = model.Predict(samples, Prediction.AsIs))
                    Assert.That(answers.ToArray(), Is.EqualTo(expected.ToArray()).Within(1e-4));
                using (var samples = Tensor.From(values, 4, 3, 32, 32))
                using (var answers = model.Predict(samples, Prediction.AsIs | Prediction.Probabilities))
                    Assert.That(answers.ToArray().Sum(), Is.EqualTo(4).Within(1e-4));
                Tiny.Fails(Status.InvalidArgument, () => model.Predict(pictures, Prediction.AsIs));
            }
        }

        [Test]
        public void Many_threads_may_ask_while_it_is_trained()
        {
            using (var trainer = Tiny.Trainer())
            using (var model = trainer.GetModel())
            {
                var run = trainer.TrainAsync();
                Parallel.For(0, 8, _ => Assert.That(Predict(model).All(x => !float.IsNaN(x))));
                run.Wait();
            }
        }

        [Test]
        public void Parameters_are_read_in_place_and_set()
        {
            using (var model = New())
            {
                CollectionAssert.Contains(model.GetTensorNames(), "bn1.running_mean");
                CollectionAssert.DoesNotContain(model.GetParameterNames(), "bn1.running_mean");
                CollectionAssert.IsSubsetOf(model.GetParameterNames(), model.GetTensorNames());
                var name = model.GetParameterNames()[0];
                using (var weight = model.GetTensor(name))
                {
                    var zeros = new float[weight.Count];
                    CollectionAssert.AreNotEqual(zeros, weight.ToArray());
                    using (var values = Tensor.From(zeros, weight.Shape.ToArray())) model.SetTensor(name, values);
                    CollectionAssert.AreEqual(zeros, weight.ToArray());
                }
                StringAssert.Contains("nothing", Tiny.Fails(Status.NotFound, () => model.GetTensor("nothing")).Message);
                using (var wrong = Tensor.From(new float[3]))
                    Assert.Throws<SignSymException>(() => model.SetTensor(name, wrong));
            }
        }

        [Test]
        public void A_head_is_replaced_and_the_rest_frozen()
        {
            using (var config = Tiny.Config())
            using (var model = New())
            {
                var first = model.GetParameterNames()[0];
                float[] before;
                using (var weight = model.GetTensor(first)) before = weight.ToArray();
                model.ReplaceHead(10);
                model.Freeze("*");
                model.Unfreeze("fc.*");
                using (var trainer = new Trainer(config, model))
                {
                    trainer.Train(steps: 2);
                    Tiny.Fails(Status.Busy, () => model.ReplaceHead(3));
                    Tiny.Fails(Status.Busy, () => model.Freeze("*"));
                }
                using (var weight = model.GetTensor(first)) CollectionAssert.AreEqual(before, weight.ToArray());
                model.ReplaceHead(3);
                using (var pictures = Pictures(2))
                using (var answers = model.Predict(pictures)) CollectionAssert.AreEqual(new long[] { 2, 3 },
                    answers.Shape);
                Tiny.Fails(Status.NotFound, () => model.Freeze("no.such.*"));
            }
        }

        [Test]
        public void Layers_tell_their_rule_and_how_B_lies_to_W()
        {
            using (var model = New())
            {
                var layers = model.GetLayers();
                CollectionAssert.AreEqual(Enumerable.Repeat("SIGN_SYMMETRY", layers.Count),
                    layers.Select(layer => layer.Rule));
                foreach (var layer in layers)
                {
                    using (var weight = model.GetTensor(layer.Name + ".weight"))
                    using (var feedback = layer.GetFeedbackWeight())
                    {
                        CollectionAssert.AreEqual(weight.Shape, feedback.Shape);
                        double[] w = Array.ConvertAll(weight.ToArray(), x => (double)x),
                            b = Array.ConvertAll(feedback.ToArray(), x => (double)x);
                        CollectionAssert.AreEqual(w.Select(Math.Sign), b.Select(Math.Sign));
                        double dot = w.Zip(b, (x, y) => x * y).Sum(), ww = w.Sum(x => x * x), bb = b.Sum(x => x * x);
                        var alignment = layer.GetAlignment();
                        Assert.AreEqual(Math.Acos(dot / Math.Sqrt(ww * bb)) * 180 / Math.PI, alignment.Angle, 1e-3);
                        Assert.AreEqual(Math.Sqrt(bb / ww), alignment.NormRatio, 1e-5);
                    }
                }
            }
        }

        [Test]
        public void Errors_say_what_is_wrong()
        {
            Assert.Throws<ArgumentNullException>(() => new Model((Config)null));
            Tiny.Fails(Status.NotFound, () => Model.Load("nowhere"));
            using (var model = New())
            {
                using (var config = model.GetConfig()) Assert.IsNotEmpty(config.ToText());
                Tiny.Fails(Status.NotFound, () => model.LoadWeights("nowhere.safetensors"));
                Tiny.Fails(Status.NotFound, () => model.SaveWeights("/nowhere/model.safetensors"));
                var broken = Tiny.NewPath(".safetensors");
                File.WriteAllText(broken, "not this");
                Tiny.Fails(Status.BadData, () => model.LoadWeights(broken));
                Assert.Throws<ArgumentNullException>(() => model.Predict(null));
                using (var wrong = Tensor.From(new float[1, 3, 5, 5, 5])) Tiny.Fails(Status.InvalidArgument, () =>
                    model.Predict(wrong));
                using (var pictures = Pictures(1)) Tiny.Fails(Status.InvalidArgument, () =>
                    model.Predict(pictures, (Prediction)64));
                var path = Tiny.NewPath(".safetensors");
                model.SaveWeights(path);
                Assert.That(new FileInfo(path).Length, Is.GreaterThan(1000));
            }
            var disposed = New();
            disposed.Dispose();
            Assert.AreEqual("Model", Assert.Throws<ObjectDisposedException>(() =>
                disposed.SaveWeights("x")).ObjectName);
        }
    }
}

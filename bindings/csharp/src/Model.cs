using System;
using System.Collections.Generic;
using static SignSym.Argument;

namespace SignSym
{
    /// <summary>How a model predicts; they may be combined.</summary>
    [Flags]
    public enum Prediction
    {
        /// <summary>Logits of samples as the data set holds them.</summary>
        Logits = 0,
        /// <summary>The softmax of the logits.</summary>
        Probabilities = Raw.SIGNSYM_PROBABILITIES,
        /// <summary>The samples are floats that went through the config's transforms already.</summary>
        AsIs = Raw.SIGNSYM_AS_IS
    }

    /// <summary>A network with its weights and feedback rules.</summary>
    public sealed class Model : IDisposable
    {
        private readonly ModelHandle handle;

        /// <summary>The model of a config, with its initial weights (or the config's model.weights).</summary>
        /// <param name="config">Where the data are the program's own, model.input must say their shape.</param>
        /// <exception cref="SignSymException">As of a new <see cref="Trainer"/>.</exception>
        public Model(Config config)
        {
            Failure.Check(Raw.signsym_model_create(NotNull(config, nameof(config)).Handle, out handle, out var error),
                error);
            handle.Weigh(BytesOf(handle, Names));
        }

        internal Model(ModelHandle handle, object names)
        {
            this.handle = handle;
            Names = names;
            handle.Weigh(BytesOf(handle, names));
        }

        internal ModelHandle Handle => handle.Open(nameof(Model));

        // Locked while names are read, which live until the head is replaced, and while it is. Objects of one native
        // model have it in common, those of others do not wait where it waits for the model's turn.
        internal object Names { get; } = new object();

        /// <summary>
        /// A trained model from a run folder (its newest whole checkpoint) or a checkpoint file. No data set is opened.
        /// </summary>
        /// <param name="path">The folder or the file.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>, <see cref="Status.IO"/>, <see cref="Status.BadData"/>;
        /// <see cref="Status.Unsupported"/>: a newer format.
        /// </exception>
        public static Model Load(string path)
        {
            Natives.Load();
            Failure.Check(Raw.signsym_model_load(NotNull(path, nameof(path)), out var handle, out var error), error);
            return new Model(handle, new object());
        }

        /// <summary>The config as resolved, as a new object.</summary>
        public Config GetConfig()
        {
            Failure.Check(Raw.signsym_model_config(Handle, out var config, out var error), error);
            return new Config(config);
        }

        /// <summary>Loads a model.safetensors (or the model part of a checkpoint).</summary>
        /// <param name="path">The file.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.Mismatch"/>: names or shapes are not the model's; <see cref="Status.NotFound"/>,
        /// <see cref="Status.IO"/>, <see cref="Status.BadData"/>.
        /// </exception>
        public void LoadWeights(string path) =>
            Failure.Check(Raw.signsym_model_load_weights(Handle, NotNull(path, nameof(path)), out var error), error);

        /// <summary>
        /// Writes parameters and buffers to a file that torchvision's model of the name loads. A file of that name is
        /// replaced, whole or not at all.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.IO"/>; <see cref="Status.NotFound"/>: its folder.
        /// </exception>
        public void SaveWeights(string path) =>
            Failure.Check(Raw.signsym_model_save_weights(Handle, NotNull(path, nameof(path)), out var error), error);

        /// <summary>
        /// Answers for N samples, given as the data set holds them. Any number of threads may ask at once, also while a
        /// trainer trains the model: each answer is of the weights between two steps.
        /// </summary>
        /// <param name="samples">N ≥ 1 samples of the model's input shape.</param>
        /// <param name="how">Logits or probabilities.</param>
        /// <param name="layout">Of the samples.</param>
        /// <returns>(N, classes), float.</returns>
        /// <exception cref="SignSymException">
        /// <see cref="Status.InvalidArgument"/>: samples of another shape or type than the model's.
        /// </exception>
        public Tensor Predict(Tensor samples, Prediction how = Prediction.Logits, Layout layout = Layout.Nchw)
        {
            var status = Raw.signsym_model_predict(Handle, NotNull(samples, nameof(samples)).Handle, (int)layout,
                (int)how,
                out var answers, out var error);
            Failure.Check(status, error);
            return Tensor.Native(answers);
        }

        /// <summary>Names of parameters and buffers, in torchvision's order: "conv1.weight", "bn1.running_mean",
        /// …</summary>
        public IReadOnlyList<string> GetTensorNames() => NamesWhere(index => true);

        /// <summary>Names of the parameters alone.</summary>
        public IReadOnlyList<string> GetParameterNames() =>
            NamesWhere(index => Raw.signsym_model_tensor_is_parameter(handle, index) != 0);

        /// <summary>A parameter or buffer, to be read: no copy, a trainer's steps show in it.</summary>
        /// <param name="name">As in <see cref="GetTensorNames"/>.</param>
        /// <exception cref="SignSymException"><see cref="Status.NotFound"/>: there is none of that name.</exception>
        public Tensor GetTensor(string name)
        {
            Failure.Check(Raw.signsym_model_tensor(Handle, NotNull(name, nameof(name)), out var tensor, out var error),
                error);
            return Tensor.Native(tensor);
        }

        /// <summary>Sets a parameter or buffer.</summary>
        /// <param name="name">As in <see cref="GetTensorNames"/>.</param>
        /// <param name="values">Of its shape and any floating-point type (an integer buffer: integers).</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: there is none of that name; <see cref="Status.InvalidArgument"/>: another
        /// shape or type.
        /// </exception>
        public void SetTensor(string name, Tensor values)
        {
            var status = Raw.signsym_model_set_tensor(Handle, NotNull(name, nameof(name)),
                NotNull(values, nameof(values)).Handle, out var error);
            Failure.Check(status, error);
        }

        /// <summary>
        /// Replaces the last linear layer by a new one, with initial weights drawn by the config's seed. Not while a
        /// trainer has the model.
        /// </summary>
        /// <param name="classes">How many the new one tells apart.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.Busy"/>: a trainer has the model; <see cref="Status.InvalidArgument"/>: classes below 2.
        /// </exception>
        public void ReplaceHead(long classes)
        {
            lock (Names) Failure.Check(Raw.signsym_model_replace_head(Handle, classes, out var error), error);
        }

        /// <summary>Parameters that match do not learn. Not while a trainer has the model.</summary>
        /// <param name="pattern">Of names; * stands for any characters, ? for one: "layer1.*".</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: none matches; <see cref="Status.Busy"/>: a trainer has the model.
        /// </exception>
        public void Freeze(string pattern) => Freeze(pattern, 1);

        /// <summary>Parameters that match learn again. Not while a trainer has the model.</summary>
        /// <param name="pattern">As in <see cref="Freeze(string)"/>.</param>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: none matches; <see cref="Status.Busy"/>: a trainer has the model.
        /// </exception>
        public void Unfreeze(string pattern) => Freeze(pattern, 0);

        /// <summary>The layers with a feedback rule, from input to output.</summary>
        public IReadOnlyList<Layer> GetLayers()
        {
            var layers = new List<Layer>();
            lock (Names)
            using (new HandleUse(Handle)) // names are the model's, and are read after the call that lends them
                for (long i = 0, count = Raw.signsym_model_layer_count(handle); i < count; ++i)
                    layers.Add(new Layer(this, Raw.signsym_model_layer_name(handle, i),
                        Raw.signsym_model_layer_rule(handle, i)));
            return layers;
        }

        /// <summary>Legal at any time: trainers that use the model keep it.</summary>
        public void Dispose() => handle.Dispose();

        private List<string> NamesWhere(Func<long, bool> wanted)
        {
            var names = new List<string>();
            lock (Names)
            using (new HandleUse(Handle)) // as for the layers
                for (long i = 0, count = Raw.signsym_model_tensor_count(handle); i < count; ++i)
                    if (wanted(i)) names.Add(Raw.signsym_model_tensor_name(handle, i));
            return names;
        }

        // Of parameters and buffers.
        internal static long BytesOf(ModelHandle handle, object names)
        {
            var bytes = 0L;
            lock (names)
            for (long i = 0, count = Raw.signsym_model_tensor_count(handle); i < count; ++i)
            {
                var status = Raw.signsym_model_tensor(handle, Raw.signsym_model_tensor_name(handle, i), out var tensor,
                    out var error);
                Failure.Check(status, error);
                using (tensor) bytes += Raw.tensor_bytes(tensor);
            }
            return bytes;
        }

        private void Freeze(string pattern, int frozen) =>
            Failure.Check(Raw.signsym_model_freeze(Handle, NotNull(pattern, nameof(pattern)), frozen, out var error),
                error);
    }
}

namespace SignSym
{
    /// <summary>A layer with a feedback rule: the error comes down through B in place of the weight W.</summary>
    public sealed class Layer
    {
        private readonly Model model;

        internal Layer(Model model, string name, string rule)
        {
            this.model = model;
            Name = name;
            Rule = rule;
        }

        /// <summary>As in the model: "layer1.0.conv1".</summary>
        public string Name { get; }

        /// <summary>The rule's name in the config: "SIGN_SYMMETRY".</summary>
        public string Rule { get; }

        /// <summary>How B lies to W, as the weights are now.</summary>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: the layer is no longer in the model.
        /// </exception>
        public Alignment GetAlignment()
        {
            Failure.Check(Raw.signsym_model_alignment(model.Handle, Name, out var angle, out var ratio, out var error),
                error);
            return new Alignment(angle, ratio);
        }

        /// <summary>A copy of B in the weight's shape, as the weights are now.</summary>
        /// <exception cref="SignSymException">
        /// <see cref="Status.NotFound"/>: the layer is no longer in the model; <see cref="Status.OutOfMemory"/>.
        /// </exception>
        public Tensor GetFeedbackWeight()
        {
            Failure.Check(Raw.signsym_model_feedback_weight(model.Handle, Name, out var tensor, out var error), error);
            return Tensor.Native(tensor);
        }
    }

    /// <summary>How a feedback weight B lies to the weight W.</summary>
    public struct Alignment
    {
        internal Alignment(double angle, double normRatio)
        {
            Angle = angle;
            NormRatio = normRatio;
        }

        /// <summary>Degrees between B and W as vectors.</summary>
        public double Angle { get; }

        /// <summary>‖B‖ / ‖W‖.</summary>
        public double NormRatio { get; }
    }
}

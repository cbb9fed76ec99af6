namespace SignSym
{
    /// <summary>What a model reaches on the held-out part.</summary>
    public struct Evaluation
    {
        internal Evaluation(double loss, double top1, double top5, long samples)
        {
            Loss = loss;
            Top1 = top1;
            Top5 = top5;
            Samples = samples;
        }

        /// <summary>Mean loss.</summary>
        public double Loss { get; }

        /// <summary>Percent.</summary>
        public double Top1 { get; }

        /// <summary>The right class among the first five, percent; NaN below six classes.</summary>
        public double Top5 { get; }

        /// <summary>How many samples were evaluated.</summary>
        public long Samples { get; }
    }
}

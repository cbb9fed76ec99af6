using System;

namespace SignSym
{
    /// <summary>
    /// Where a trainer stands and what it reached last: the message signsym.v1.Metrics. What is not known yet is 0 or
    /// NaN.
    /// </summary>
    public sealed class Metrics
    {
        internal Metrics(byte[] message)
        {
            var reader = new ProtobufReader(message);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1: IsFinished = reader.Integer != 0; break;
                    case 2: Epoch = reader.Integer; break;
                    case 3: Step = reader.Integer; break;
                    case 4: StepInEpoch = reader.Integer; break;
                    case 5: StepsPerEpoch = reader.Integer; break;
                    case 6: LearningRate = reader.Double; break;
                    case 7: StepLoss = reader.Double; break;
                    case 8: TrainLoss = reader.Double; break;
                    case 9: TrainTop1 = reader.Double; break;
                    case 10: Loss = reader.Double; break;
                    case 11: Top1 = reader.Double; break;
                    case 12: Top5 = reader.Double; break;
                    case 13: Samples = reader.Integer; break;
                    case 14: BestTop1 = reader.Double; break;
                    case 15: BestStep = reader.Integer; break;
                    case 16: SamplesPerSecond = reader.Double; break;
                }
            }
        }

        /// <summary>All epochs (or train.max_steps) are done.</summary>
        public bool IsFinished { get; }

        /// <summary>Whole epochs done.</summary>
        public long Epoch { get; }

        /// <summary>Steps done.</summary>
        public long Step { get; }

        /// <summary>Steps done in the epoch that goes on.</summary>
        public long StepInEpoch { get; }

        /// <summary>Steps of an epoch.</summary>
        public long StepsPerEpoch { get; }

        /// <summary>The learning rate of the next step.</summary>
        public double LearningRate { get; } = double.NaN;

        /// <summary>Mean loss of the last step's batch, before the step.</summary>
        public double StepLoss { get; } = double.NaN;

        /// <summary>Mean loss of the training in the epoch that goes on, or in the last one.</summary>
        public double TrainLoss { get; } = double.NaN;

        /// <summary>Accuracy of the same, percent.</summary>
        public double TrainTop1 { get; } = double.NaN;

        /// <summary>Mean loss of the last evaluation of the held-out part.</summary>
        public double Loss { get; } = double.NaN;

        /// <summary>Accuracy of the same, percent.</summary>
        public double Top1 { get; } = double.NaN;

        /// <summary>The right class among the first five, percent; NaN below six classes.</summary>
        public double Top5 { get; } = double.NaN;

        /// <summary>Samples of the same.</summary>
        public long Samples { get; }

        /// <summary>Best held-out accuracy so far, percent.</summary>
        public double BestTop1 { get; } = double.NaN;

        /// <summary>The steps after which it was reached.</summary>
        public long BestStep { get; }

        /// <summary>Training samples a second, lately.</summary>
        public double SamplesPerSecond { get; } = double.NaN;
    }

    // The fields of a Protobuf message of numbers; those of other types are passed over.
    internal sealed class ProtobufReader
    {
        private readonly byte[] message;
        private int position;

        public ProtobufReader(byte[] message) { this.message = message; }

        public int Field { get; private set; }
        public long Integer { get; private set; }
        public double Double { get; private set; }

        public bool Next()
        {
            if (position == message.Length) return false;
            var key = Varint();
            Field = (int)(key >> 3);
            switch (key & 7)
            {
                case 0: Integer = Varint(); break;
                case 1: Double = BitConverter.ToDouble(message, position); position += 8; break;
                case 2: position += (int)Varint(); break;
                case 5: position += 4; break;
            }
            return true;
        }

        private long Varint()
        {
            long value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var part = message[position++];
                value |= (long)(part & 0x7f) << shift;
                if (part < 0x80) return value;
            }
        }
    }
}

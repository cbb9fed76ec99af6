using System;

namespace SignSym
{
    /// <summary>
    /// Anything that went wrong in the library. The message says what was expected, what was found and what to do.
    /// </summary>
    public sealed class SignSymException : Exception
    {
        internal SignSymException(Status status, string message, string field = "", Exception cause = null)
            : base(message, cause)
        {
            Status = status;
            Field = field;
        }

        /// <summary>The kind of failure.</summary>
        public Status Status { get; }

        /// <summary>The path of the config's field at fault, such as "optimizer.learning_rate"; else "".</summary>
        public string Field { get; }
    }

    // What the C ABI answered, as an exception.
    internal static class Failure
    {
        // Every call that can fail goes through here; `error` is freed.
        public static void Check(int status, ErrorHandle error)
        {
            if (status != Raw.SIGNSYM_OK) throw Take(status, error);
            error.Dispose();
        }

        public static SignSymException Take(int status, ErrorHandle error)
        {
            using (error)
            {
                return new SignSymException((Status)status, Raw.signsym_error_message(error),
                    Raw.signsym_error_field(error));
            }
        }
    }
}

using System;
using System.Runtime.InteropServices;
using System.Text;

namespace SignSym
{
    // Text of the C ABI: UTF-8 that ends with a NUL.
    internal static class Utf8
    {
        // Half a surrogate pair is no text, and would silently become another name.
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        public static byte[] Bytes(string text)
        {
            if (text == null) return null;
            if (text.IndexOf('\0') >= 0) throw new ArgumentException("The text has a NUL character in it: " +
                text.Replace('\0', '?'));
            var bytes = new byte[Strict.GetByteCount(text) + 1];
            Strict.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }

        // Texts with a length of their own: configs.
        public static byte[] Contents(string text) => Strict.GetBytes(text);

        public static unsafe string Text(IntPtr text)
        {
            var start = (byte*)text;
            if (start == null) return null;
            var length = 0;
            while (start[length] != 0) ++length;
            return Encoding.UTF8.GetString(start, length);
        }

        public static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
    }

    // A signsym_bytes, copied and freed.
    internal static class NativeBytes
    {
        private const ulong Most = 0x7fffffc7; // of a byte[], on every runtime

        public static byte[] Take(BytesHandle bytes)
        {
            using (bytes)
            {
                var copy = new byte[Length(Raw.signsym_bytes_size(bytes))];
                if (copy.Length > 0) Marshal.Copy(Raw.signsym_bytes_data(bytes), copy, 0, copy.Length);
                return copy;
            }
        }

        public static int Length(ulong size) => size <= Most ? (int)size : throw new SignSymException(
            Status.Unsupported, size + " bytes are more than the " + Most +
            " that an array of .NET holds: write to a file instead (SaveCheckpoint).");
    }
}

using System;
using System.Threading;

namespace SignSym
{
    // What the garbage collector does not see: the bytes of native memory that live and forgotten objects hold.
    internal static class NativeMemory
    {
        private const long Least = 64 << 20;
        private static long held, added;
        private static int collections;

        public static void Add(long bytes)
        {
            if (bytes <= 0) return;
            GC.AddMemoryPressure(bytes);
            CollectIfDue(Interlocked.Add(ref held, bytes), Interlocked.Add(ref added, bytes));
        }

        public static void Remove(long bytes)
        {
            if (bytes <= 0) return;
            GC.RemoveMemoryPressure(bytes);
            Interlocked.Add(ref held, -bytes);
        }

        // Mono's collector takes no notice of the pressure. So a collection is asked for where more was added since the
        // last whole one than half of what is held: its cost is then in proportion to what was made.
        private static void CollectIfDue(long holds, long addedSince)
        {
            var done = GC.CollectionCount(GC.MaxGeneration);
            if (Interlocked.Exchange(ref collections, done) != done) Interlocked.Exchange(ref added, 0);
            else if (addedSince > Math.Max(Least, holds / 2)) GC.Collect();
        }
    }
}

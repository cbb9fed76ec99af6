using System;
using System.Threading;

namespace SignSym
{
    // What the garbage collector does not see: the bytes of native memory that live and forgotten objects hold.
    internal static class NativeMemory
    {
        private const long Least = 64 << 20;
        private const int Few = 4;
        private static readonly object Counting = new object();
        private static int alive, bound = Few;
        private static long held, added;
        private static int collections;

        public static void Add(long bytes)
        {
            if (bytes <= 0) return;
            GC.AddMemoryPressure(bytes);
            CollectIfDue(Interlocked.Add(ref held, bytes), Interlocked.Add(ref added, bytes));
        }

        // Of what was disposed of, no collection is due.
        public static void Remove(long bytes, bool disposed)
        {
            if (bytes <= 0) return;
            GC.RemoveMemoryPressure(bytes);
            Interlocked.Add(ref held, -bytes);
            if (disposed && Interlocked.Add(ref added, -bytes) < 0) Interlocked.Exchange(ref added, 0);
        }

        // Of objects whose bytes nothing tells. A collection is asked for where there are more than twice as many as
        // were left after the last one: what is forgotten stays bounded, and who keeps n of them pays for log n.
        public static void Count(int more)
        {
            lock (Counting)
            {
                alive += more;
                if (more < 0) bound = Math.Max(Few, Math.Min(bound, 2 * alive));
                if (more < 0 || alive <= bound) return;
                bound = 2 * alive;
            }
            GC.Collect();
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

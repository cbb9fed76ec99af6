using System;
using System.Linq;
using System.Reflection;
using NUnit.Framework;

// Runs the fixtures named, or all, where NUnit's own console does not run: Runner.exe [FIXTURE...].
internal static class Runner
{
    private static int Main(string[] names)
    {
        var types = Assembly.Load("SignSym.Tests").GetTypes();
        var fixtures = types.Where(type => Has<TestFixtureAttribute>(type) &&
            (names.Length == 0 || names.Contains(type.Name)));
        int passed = 0, failed = 0;
        foreach (var fixture in fixtures)
        foreach (var test in fixture.GetMethods().Where(method => Has<TestAttribute>(method)))
        {
            var failure = Run(fixture, test);
            if (failure == null || failure is SuccessException) ++passed;
            else if (failure is IgnoreException) Console.WriteLine("ignored " + test.Name + ": " + failure.Message);
            else
            {
                ++failed;
                Console.WriteLine("FAILED " + fixture.Name + "." + test.Name + "\n" + failure);
            }
        }
        foreach (var fixture in types.Where(type => Has<SetUpFixtureAttribute>(type))) Call<TearDownAttribute>(fixture,
            Activator.CreateInstance(fixture));
        Console.WriteLine(passed + " passed, " + failed + " failed on " +
            System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription);
        return failed > 0 || passed == 0 ? 1 : 0;
    }

    private static Exception Run(Type fixture, MethodInfo test)
    {
        try
        {
            var instance = Activator.CreateInstance(fixture);
            Call<SetUpAttribute>(fixture, instance);
            test.Invoke(instance, null);
            Call<TearDownAttribute>(fixture, instance);
            return null;
        }
        catch (TargetInvocationException exception)
        {
            return exception.InnerException;
        }
    }

    private static void Call<T>(Type fixture, object instance) where T : Attribute
    {
        foreach (var method in fixture.GetMethods().Where(method => Has<T>(method))) method.Invoke(instance, null);
    }

    private static bool Has<T>(MemberInfo member) where T : Attribute => member.IsDefined(typeof(T), true);
}

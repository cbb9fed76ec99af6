using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class LibraryTest
    {
        private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static |
            BindingFlags.Instance | BindingFlags.DeclaredOnly;

        [Test]
        public void It_tells_its_version_and_what_it_was_built_of()
        {
            Assert.That(Regex.IsMatch(Library.Version, @"^\d+\.\d+\.\d+$"), Library.Version);
            Assert.AreEqual(Library.Version, typeof(Library).Assembly.GetName().Version.ToString(3));
            StringAssert.Contains("\"libtorch\"", Library.BuildInfo());
        }

        [Test]
        public void Every_function_of_the_header_is_bound_and_used()
        {
            var header = File.ReadAllText(Path.Combine(Tiny.Source, "capi", "include", "signsym", "signsym.h"));
            header = Regex.Replace(header, @"/\*.*?\*/", "", RegexOptions.Singleline);
            var declared = Regex.Matches(header, @"SIGNSYM_API [^;(]*?\b(signsym_\w+)\(").Cast<Match>().Select(m =>
                m.Groups[1].Value).ToList();
            Assert.That(declared.Count, Is.GreaterThan(80));
            var bound = typeof(Raw).GetMethods(All).Select(method => method.Name).ToList();
            CollectionAssert.IsEmpty(declared.Except(bound), "declared and not bound");
            CollectionAssert.IsEmpty(bound.Where(name => name.StartsWith("signsym_")).Except(declared),
                "bound and not declared");

            var sources = Directory.GetFiles(Path.Combine(Tiny.Source, "bindings", "csharp", "src"),
                "*.cs").Select(File.ReadAllText);
            var code = string.Join("\n", sources);
            // The version of the header stands for the first, exceptions have statuses for the second, tokens are
            // .NET's.
            var needless = new[] { "signsym_abi_version", "signsym_error_status", "signsym_status_name",
                "signsym_cancel_is_set" };
            CollectionAssert.AreEquivalent(needless,
                declared.Where(name => !Regex.IsMatch(code, @"Raw\." + name + @"\b")), "bound and not used");
        }

        [Test]
        public void This_runtime_has_all_that_the_assembly_asks_for()
        {
            foreach (var type in typeof(Library).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters))
            foreach (var method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
                if (!method.IsAbstract && !method.ContainsGenericParameters &&
                    (method.Attributes & MethodAttributes.PinvokeImpl) == 0 &&
                    (method.GetMethodImplementationFlags() & MethodImplAttributes.Runtime) == 0)
                    RuntimeHelpers.PrepareMethod(method.MethodHandle);
        }

        [Test]
        public void Nothing_of_the_raw_layer_is_public()
        {
            var visible = typeof(Library).Assembly.GetExportedTypes().Select(type => type.Name);
            CollectionAssert.AreEquivalent(new[]
            {
                "Alignment", "Config", "DataPart", "Dataset", "Evaluation", "EventKind", "Layer", "Layout", "Library",
                    "Metrics", "Model",
                "NativeSampleWriter", "Prediction", "SampleWriter", "SignSymException", "Status", "Tensor",
                    "TensorType", "Trainer",
                "TrainingEvent"
            }, visible);
        }

        [Test]
        public void LibTorch_is_not_changed_once_it_is_loaded()
        {
            Assert.NotNull(Library.Version);
            Assert.Throws<InvalidOperationException>(() => Library.LibTorch = "/elsewhere");
        }
    }
}

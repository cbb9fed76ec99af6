using System;
using System.Collections.Generic;
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
        // Only an object that is disposed makes these fail, or what they refer to.
        private static readonly string[] Silent =
        {
            "Config.Copy", "Config.ToText", "Config.ToJson", "Config.ToBytes", "Config.Dispose", "Dataset.Dispose", "Model.GetConfig",
            "Model.GetTensorNames", "Model.GetParameterNames", "Model.GetLayers", "Model.Dispose", "Tensor.Dispose",
            "Trainer.Pause", "Trainer.GetModel", "Trainer.GetConfig", "Trainer.Dispose", "TrainingEvent.ToString"
        };

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

        // mcs compiles against Mono's libraries, which have more than netstandard2.0.
        [Test]
        public void What_it_uses_of_the_framework_was_looked_up_in_netstandard2_0()
        {
            var any = Enumerable.Repeat(typeof(object), 8).ToArray(); // for what is generic
            var module = typeof(Library).Module;
            var used = Rows(0x01000000, token => module.ResolveType(token, any, any)).Select(NameOf)
                .Concat(Rows(0x0A000000, token => Definition(module.ResolveMember(token, any, any))).Select(member =>
                    NameOf(member.DeclaringType) + "." + member.Name + (member is MethodBase method ? "(" +
                        string.Join(", ", method.GetParameters().Select(p => p.ParameterType.Name)) + ")" : "")));
            var listed = File.ReadAllLines(Path.Combine(Tiny.Source, "tests", "csharp", "netstandard2.0.txt"));
            var others = used.Distinct().Except(listed).ToList();
            Assert.That(others.Count, Is.EqualTo(0), "look each up in netstandard2.0, and add it to " +
                "tests/csharp/netstandard2.0.txt if it is there:\n" + string.Join("\n", others));
        }

        // Of a table of the assembly's metadata.
        private static IEnumerable<T> Rows<T>(int table, Func<int, T> resolve)
        {
            for (var row = 1; ; ++row)
            {
                T found;
                try
                {
                    found = resolve(table | row);
                }
                catch (ArgumentException)
                {
                    yield break;
                }
                yield return found;
            }
        }

        private static MemberInfo Definition(MemberInfo member) =>
            !member.DeclaringType.IsGenericType ? member : member.DeclaringType.GetGenericTypeDefinition()
                .GetMembers(All).First(other => other.MetadataToken == member.MetadataToken);

        private static string NameOf(Type type) =>
            (type.DeclaringType == null ? type.Namespace : NameOf(type.DeclaringType)) + "." + type.Name;

        [Test]
        public void Whatever_can_fail_says_how()
        {
            var documentation = File.ReadAllText(Path.ChangeExtension(typeof(Library).Assembly.Location, ".xml"));
            var silent = Regex.Matches(documentation, "<member name=\"M:(SignSym\\.[^\"(]+)[^>]*>(.*?)</member>",
                RegexOptions.Singleline).Cast<Match>().Where(m => !m.Groups[2].Value.Contains("<exception"))
                .Select(m => m.Groups[1].Value.Substring("SignSym.".Length)).Distinct();
            CollectionAssert.AreEquivalent(Silent, silent);
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
                    "TensorType", "Trainer", "TrainerExtensions",
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

using System;
using System.IO;
using NUnit.Framework;

namespace SignSym.Tests
{
    [TestFixture]
    public class ConfigTest
    {
        [Test]
        public void The_three_forms_say_the_same()
        {
            using (var config = Tiny.Config())
            using (var text = Config.FromText(config.ToText()))
            using (var json = Config.FromJson(config.ToJson()))
            using (var bytes = Config.FromBytes(config.ToBytes()))
                foreach (var other in new[] { text, json, bytes })
                {
                    CollectionAssert.AreEqual(config.ToBytes(), other.ToBytes());
                    Assert.AreEqual(config.Hash(), other.Hash());
                }
        }

        [Test]
        public void A_file_is_read_by_its_ending()
        {
            using (var config = Tiny.Config())
            {
                string text = Tiny.NewPath("ü.textproto"), json = Tiny.NewPath(".json"), bytes = Tiny.NewPath(".binpb");
                File.WriteAllText(text, config.ToText());
                File.WriteAllText(json, config.ToJson());
                File.WriteAllBytes(bytes, config.ToBytes());
                foreach (var path in new[] { text, json, bytes })
                    using (var read = Config.FromFile(path)) Assert.AreEqual(config.ToText(), read.ToText());
            }
        }

        [Test]
        public void A_field_is_set_by_its_path()
        {
            using (var config = Tiny.Config())
            {
                config.Set("train.epochs", "7").SetText("name", "a \"quoted\" \\ name,\nin two lines: größer");
                StringAssert.Contains("epochs: 7", config.ToText());
                using (var again = Config.FromText(config.ToText())) Assert.AreEqual(config.Hash(), again.Hash());
                StringAssert.Contains("größer", config.ToJson());
            }
        }

        [Test]
        public void Every_default_is_written_out_on_request()
        {
            using (var config = Tiny.Config())
            using (var resolved = config.Resolve())
            {
                StringAssert.DoesNotContain("scale", config.ToText());
                StringAssert.Contains("scale", resolved.ToText());
                Assert.AreEqual(config.Hash(), resolved.Hash());
            }
        }

        [Test]
        public void An_error_names_source_and_field()
        {
            var failure = Tiny.Fails(Status.InvalidConfig, () =>
                Config.FromText("train { epochs: many }", "mine.textproto"));
            StringAssert.Contains("mine.textproto", failure.Message);
            using (var config = Tiny.Config())
            {
                Assert.AreEqual("train.epochs", Tiny.Fails(Status.InvalidConfig, () =>
                    config.Set("train.epochs", "many")).Field);
                config.Set("optimizer.learning_rate", "-1");
                Assert.AreEqual("optimizer.learning_rate", Tiny.Fails(Status.InvalidConfig, config.Check).Field);
                Tiny.Fails(Status.InvalidConfig, () => config.Resolve());
                Tiny.Fails(Status.InvalidConfig, () => config.Hash());
            }
        }

        [Test]
        public void What_is_no_config_is_refused()
        {
            Tiny.Fails(Status.InvalidConfig, () => Config.FromJson("{"));
            Tiny.Fails(Status.InvalidConfig, () => Config.FromJson("{\"no_such_field\": 1}"));
            Tiny.Fails(Status.InvalidConfig, () => Config.FromBytes(new byte[] { 255, 255, 255 }));
            Tiny.Fails(Status.NotFound, () => Config.FromFile("nowhere.textproto"));
            Tiny.Fails(Status.NotFound, () => Config.FromRun(Tiny.NewPath()));
            Assert.Throws<ArgumentNullException>(() => Config.FromText(null));
            Assert.Throws<ArgumentNullException>(() => Config.FromJson(null));
            Assert.Throws<ArgumentNullException>(() => Config.FromBytes(null));
            Assert.Throws<ArgumentNullException>(() => Config.FromFile(null));
            StringAssert.Contains("NUL", Assert.Throws<ArgumentException>(() => Config.FromFile("a\0b")).Message);
            Assert.Catch<ArgumentException>(() => Config.FromFile("half a pair \ud800"));
            Config.FromText("").Dispose();
            Config.FromBytes(new byte[0]).Dispose();
        }

        [Test]
        public void A_run_folder_has_the_config_that_it_was_made_from()
        {
            var folder = Tiny.NewPath();
            string hash;
            using (var trainer = Tiny.Trainer(folder))
            using (var config = trainer.GetConfig()) hash = config.Hash();
            using (var config = Config.FromRun(folder)) Assert.AreEqual(hash, config.Hash());
        }

        [Test]
        public void A_config_that_is_disposed_is_refused()
        {
            var config = Tiny.Config();
            config.Dispose();
            config.Dispose();
            Assert.AreEqual("Config", Assert.Throws<ObjectDisposedException>(() => config.ToText()).ObjectName);
            Assert.Throws<ObjectDisposedException>(() => config.Set("train.epochs", "1"));
            Assert.Throws<ObjectDisposedException>(() => new Trainer(config));
        }

        [Test]
        public void A_copy_goes_its_own_way_and_remembers_where_it_is_from()
        {
            using (var config = Config.FromText(
                "seed: 1 data { host {} } model { lenet {} }\noptimizer { learning_rate: -1 }", "mine.textproto"))
            using (var copy = config.Copy())
            {
                copy.Set("seed", "2");
                StringAssert.Contains("seed: 1", config.ToText());
                StringAssert.Contains("seed: 2", copy.ToText());
                StringAssert.StartsWith("mine.textproto:2:", Tiny.Fails(Status.InvalidConfig, copy.Check).Message);
            }
        }
    }
}

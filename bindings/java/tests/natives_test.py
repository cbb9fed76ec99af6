"""Where the native libraries of the Java binding are found, and what is said where they cannot be used: each in a
process of its own, with the installed artifacts."""
import hashlib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import zipfile

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SIGNSYM_JAVA"])
LIBTORCH = pathlib.Path(os.environ["SIGNSYM_LIBTORCH"])
PLATFORM = os.environ["SIGNSYM_PLATFORM"]
MNIST = SOURCE / "examples/data/mnist"
TRAINED = "3 steps, finished"
SYMBOL = b"_ZN2at11show_configB5cxx11Ev"  # what the library asks LibTorch for first
NAMELESS = 54321  # a user without an entry in passwd, as in containers


def artifact(group, name):
    return next((BUILD / "repository" / group / name).glob("*/*[0-9].jar"))


SIGNSYM, PROTOBUF = artifact("org/signsym", "signsym"), artifact("com/google/protobuf", "protobuf-java")
NATIVES, TORCH = (artifact("org/signsym", f"signsym-{pack}-{PLATFORM}") for pack in ("natives", "libtorch"))


class Natives(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.classes = pathlib.Path(tempfile.mkdtemp(prefix="signsym consumer "))  # a space, as paths have
        cls.addClassCleanup(shutil.rmtree, cls.classes)
        cls.classes.chmod(0o755)
        subprocess.run(["javac", "-d", cls.classes, "-cp", f"{SIGNSYM}:{PROTOBUF}",
                        SOURCE / "bindings/java/tests/consumer/src/main/java/consumer/Main.java"], check=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym java "))
        self.addCleanup(shutil.rmtree, self.folder)

    def command(self, *arguments, jars=(NATIVES, TORCH), options=()):
        path = ":".join(map(str, (self.classes, SIGNSYM, PROTOBUF, *jars)))
        return ["java", *options, "-cp", path, "consumer.Main", str(MNIST), *map(str, arguments)]

    def run_consumer(self, *arguments, jars=(NATIVES, TORCH), options=(), cache=BUILD / "cache", **environment):
        result = subprocess.run(self.command(*arguments, jars=jars, options=[f"-Dorg.signsym.cache={cache}", *options]),
                                env={**os.environ, **environment}, capture_output=True, text=True, timeout=300)
        return result.returncode, result.stdout + result.stderr

    def check_trains(self, *arguments, **options):
        code, output = self.run_consumer(*arguments, **options)
        self.assertEqual((code, output.splitlines()[-1:]), (0, [TRAINED]), output)

    def check_refused(self, *texts, arguments=(), **options):
        code, output = self.run_consumer(*arguments, **options)
        self.assertEqual(code, 1, output)
        for text in ("SignSymException", *texts):
            self.assertIn(text, output)
        self.assertNotIn("fatal error", output)

    def natives_with(self, change):
        """The artifact of natives with another libsignsym, as its list says."""
        jar = self.folder / "natives.jar"
        root = f"META-INF/signsym/{PLATFORM}/natives/"
        with zipfile.ZipFile(NATIVES) as old, zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
            lines = []
            for line in old.read(root + "list").decode().splitlines():
                name = line.split(" ", 2)[2]
                data = old.read(root + name)
                if name.startswith("libsignsym.so"):
                    data = change(data)
                new.writestr(root + name, data)
                lines.append(f"{hashlib.sha256(data).hexdigest()} {len(data)} {name}\n")
            new.writestr(root + "list", "".join(lines))
        return jar

    def fake_library(self, name):
        """A library of that name that has nothing in it, for LD_PRELOAD."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym-java-"))  # LD_PRELOAD ends a name at a space
        self.addCleanup(shutil.rmtree, folder)
        subprocess.run(["cc", "-shared", "-o", folder / name, "-x", "c", "/dev/null"], check=True)
        return str(folder / name)

    def test_LibTorch_of_the_users_works_by_a_property(self):
        self.check_trains(jars=[NATIVES], options=[f"-Dorg.signsym.libtorch={LIBTORCH}"])

    def test_a_missing_LibTorch_is_told_with_the_artifact(self):
        self.check_refused(f"add the artifact org.signsym:signsym-libtorch-{PLATFORM}", jars=[NATIVES])

    def test_missing_natives_are_told_with_the_artifact(self):
        self.check_refused(f"add the artifact org.signsym:signsym-natives-{PLATFORM}", jars=[TORCH])

    def test_a_folder_without_LibTorch_is_told(self):
        self.check_refused("holds no lib/libtorch_cpu.so", options=[f"-Dorg.signsym.libtorch={self.folder}"])

    def test_another_LibTorch_in_the_process_is_refused(self):
        self.check_refused("another LibTorch is in this process already",
                           arguments=[LIBTORCH / "lib/libtorch_cpu.so"])

    def test_natives_of_another_version_are_refused_with_both_versions(self):
        version = SIGNSYM.parent.name.encode()
        other = b"9" + version[1:]

        def change(data):
            self.assertIn(version + b"\0", data)
            return data.replace(version + b"\0", other + b"\0")
        self.check_refused(other.decode(), version.decode(), "the same version", jars=[self.natives_with(change)],
                           cache=self.folder / "cache", options=[f"-Dorg.signsym.libtorch={LIBTORCH}"])

    def test_a_library_for_another_processor_is_told(self):
        def change(data):
            return data[:18] + struct.pack("<H", 243) + data[20:]  # e_machine: RISC-V
        self.check_refused("cannot be loaded", "for another processor", jars=[self.natives_with(change)],
                           cache=self.folder / "cache", options=[f"-Dorg.signsym.libtorch={LIBTORCH}"])

    def test_a_system_that_is_too_old_is_told(self):
        def change(data):
            needed = max(re.findall(rb"\0GLIBC_2\.[\d.]+\0", data))
            return data.replace(needed, b"\0GLIBC_9" + needed[8:])
        self.check_refused("GLIBC_9", "This system is too old", "Debian 12", jars=[self.natives_with(change)],
                           cache=self.folder / "cache", options=[f"-Dorg.signsym.libtorch={LIBTORCH}"])

    def test_a_LibTorch_that_lacks_a_symbol_is_told(self):
        def change(data):
            self.assertIn(SYMBOL, data)
            return data.replace(SYMBOL, SYMBOL.replace(b"show", b"shew"))
        self.check_refused("undefined symbol: _ZN2at11shew", "LibTorch is of another version",
                           jars=[self.natives_with(change)], cache=self.folder / "cache",
                           options=[f"-Dorg.signsym.libtorch={LIBTORCH}"])

    def test_a_LibTorch_that_says_another_version_is_told(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym-java-"))  # LD_PRELOAD ends a name at a space
        self.addCleanup(shutil.rmtree, folder)
        other = folder / "other_libtorch.so"
        subprocess.run(["c++", "-shared", "-fPIC", "-o", other, SOURCE / "tests/hazards/other_libtorch.cpp"], check=True)
        self.check_refused("2.3.1", str(other), "was built for", LD_PRELOAD=str(other))

    def test_musl_is_told(self):
        self.check_refused("musl", "Debian", LD_PRELOAD=self.fake_library("ld-musl-x86_64.so.1"))

    def test_two_processes_begin_at_once_with_a_home_that_cannot_be_written(self):
        # Root makes them a user without a name, if that one may come here: what it unpacks is its own all the same.
        temporary = self.folder / "tmp"
        temporary.mkdir()
        user = []
        if os.getuid() == 0 and all(folder.stat().st_mode & 0o001 for path in (BUILD, SOURCE) for folder in path.parents):
            user = ["setpriv", f"--reuid={NAMELESS}", f"--regid={NAMELESS}", "--clear-groups"]
            os.chown(temporary, NAMELESS, NAMELESS)
            self.folder.chmod(0o755)
        command = user + self.command(options=["-Duser.home=/dev/null/none", f"-Djava.io.tmpdir={temporary}"])
        environment = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
        both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for _ in range(2)]
        for process in both:
            output = process.communicate(timeout=500)[0]
            self.assertEqual((process.returncode, output), (0, TRAINED + "\n"))
        unpacked = list(temporary.glob("signsym-*/libtorch-*/libtorch_cpu.so"))
        self.assertEqual(len(unpacked), 1)
        self.assertEqual(unpacked[0].stat().st_uid, NAMELESS if user else os.getuid())


if __name__ == "__main__":
    unittest.main()

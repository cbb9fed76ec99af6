"""Where the native libraries of SignSym are found, and what is said where they are not; each on Mono and .NET Core."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BUILT = pathlib.Path(os.environ["SIGNSYM_CSHARP"])
NUGET = pathlib.Path(os.environ["SIGNSYM_NUGET"])
SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
LIBTORCH = pathlib.Path(os.environ["SIGNSYM_LIBTORCH"])
RUNTIMES = {"mono": [os.environ["SIGNSYM_MONO"]], "netcore": [os.environ["SIGNSYM_DOTNET"], "exec"]}
NATIVE = "runtimes/linux-x64/native"


def package(name):
    return next((NUGET / name).iterdir())


class Natives(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym csharp "))  # a space, as paths have
        self.addCleanup(shutil.rmtree, self.folder)
        self.app = self.folder / "app"
        self.app.mkdir()
        for name in ("Probe.exe", "Probe.runtimeconfig.json"):
            shutil.copy(BUILT / name, self.app)
        self.signsym, self.torch = package("signsym"), package("signsym.libtorch.linux-x64")

    def lay_beside(self):
        """The application as it is published: all files in one folder."""
        shutil.copy(self.signsym / "lib/netstandard2.0/SignSym.dll", self.app)
        for file in (self.signsym / NATIVE).iterdir():
            shutil.copy(file, self.app)

    def link_torch(self):
        for file in (self.torch / NATIVE).iterdir():
            (self.app / file.name).symlink_to(file.resolve())

    def run_probe(self, runtime, *arguments, flags=(), **environment):
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "OMP_NUM_THREADS": "1", **environment}
        result = subprocess.run([*RUNTIMES[runtime], *flags, str(self.app / "Probe.exe"), *arguments], env=clean, cwd=self.folder,
                                capture_output=True, text=True, timeout=300)
        return result.returncode, result.stdout + result.stderr

    def check_works(self, *arguments, **options):
        for runtime in RUNTIMES:
            with self.subTest(runtime):
                code, output = self.run_probe(runtime, *arguments, **options)
                self.assertEqual((code, output.splitlines()[-1:]), (0, ["works"]), output)

    def check_fails(self, status, *texts, arguments=("version",), before="", **options):
        for runtime in RUNTIMES:
            with self.subTest(runtime):
                code, output = self.run_probe(runtime, *arguments, **options)
                self.assertEqual(code, 1, output)
                self.assertTrue(output.startswith(before + status + ": "), output)
                for text in texts:
                    self.assertIn(text, output)

    def compile(self, name, compiler, *sources):
        """A library of that name."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym-csharp-"))  # LD_PRELOAD ends a name at a space
        self.addCleanup(shutil.rmtree, folder)
        path = folder / name
        subprocess.run([compiler, "-shared", "-fPIC", "-o", path, *sources], check=True)
        return str(path)

    def fake_library(self, name):
        """One that has nothing in it, for LD_PRELOAD."""
        return self.compile(name, "cc", "-x", "c", "/dev/null")

    def test_all_files_in_one_folder_work(self):
        self.lay_beside()
        self.link_torch()
        self.check_works("info")

    def test_whatever_is_called_first_works(self):
        self.lay_beside()
        self.link_torch()
        for call in ("version", "text", "file", "run", "tensor", "pointer", "callback", "model", "trainer", "resume"):
            with self.subTest(call):  # .NET Core looks for a native function when it is called, Mono before
                code, output = self.run_probe("mono", call)
                self.assertEqual((code, output.splitlines()[-1:]), (0, ["works"]), output)

    def test_LibTorch_of_the_users_works_by_a_property(self):
        self.lay_beside()
        self.check_works("info", str(LIBTORCH))
        self.check_works("info", str(LIBTORCH / "lib"))

    def test_packages_in_the_cache_of_NuGet_work_as_the_host_resolves_them(self):
        libraries, target = {}, {}
        for folder in (self.signsym, self.torch):
            name = f"{folder.parent.name}/{folder.name}"
            libraries[name] = {"type": "package", "serviceable": True, "sha512": "", "path": name}
            target[name] = {"runtimeTargets": {f"{NATIVE}/{file.name}": {"rid": "linux-x64", "assetType": "native"}
                                               for file in (folder / NATIVE).iterdir()}}
        target[f"signsym/{self.signsym.name}"]["runtime"] = {"lib/netstandard2.0/SignSym.dll": {}}
        libraries["Probe/1.0.0"] = {"type": "project", "serviceable": False, "sha512": ""}
        target["Probe/1.0.0"] = {"runtime": {"Probe.exe": {}}}
        (self.app / "Probe.deps.json").write_text(json.dumps({
            "runtimeTarget": {"name": ".NETCoreApp,Version=v3.1"}, "targets": {".NETCoreApp,Version=v3.1": target},
            "libraries": libraries}))
        code, output = self.run_probe("netcore", "info", flags=("--additionalprobingpath", str(NUGET)))
        self.assertEqual((code, output.splitlines()[-1:]), (0, ["works"]), output)

    def test_an_assembly_that_was_copied_elsewhere_finds_what_lies_beside_the_application(self):
        self.lay_beside()
        self.link_torch()
        cache = self.folder / "cache"
        cache.mkdir()
        (self.app / "SignSym.dll").rename(cache / "SignSym.dll")
        code, output = self.run_probe("mono", "info", MONO_PATH=str(cache))
        self.assertEqual((code, output.splitlines()[-1:]), (0, ["works"]), output)

    def test_missing_libraries_are_told_with_the_remedy(self):
        shutil.copy(self.signsym / "lib/netstandard2.0/SignSym.dll", self.app)
        self.check_fails("NotFound", "libsignsym_csharp.so", str(self.app), "Copy")

    def test_what_was_to_be_a_tensor_is_let_go_where_the_libraries_are_missing(self):
        shutil.copy(self.signsym / "lib/netstandard2.0/SignSym.dll", self.app)
        self.check_fails("NotFound", "libsignsym_csharp.so", arguments=["owner"], before="disposed\n")
        self.check_fails("NotFound", "libsignsym_csharp.so", arguments=["pinned"], before="free\n")

    def test_a_missing_LibTorch_is_told_with_the_remedy(self):
        self.lay_beside()
        self.check_fails("Unsupported", "LibTorch is missing", "Library.LibTorch")

    def test_a_folder_without_LibTorch_is_told(self):
        self.lay_beside()
        self.check_fails("NotFound", str(self.folder), "libtorch_cpu.so", arguments=("version", str(self.folder)))

    def test_a_half_written_library_is_told(self):
        self.lay_beside()
        self.link_torch()
        path = self.app / "libsignsym_csharp.so"
        path.write_bytes(path.read_bytes()[:2000])
        self.check_fails("BadData", "libsignsym_csharp.so", "2000 bytes")

    def test_a_library_that_cannot_be_read_is_told(self):
        self.lay_beside()
        self.link_torch()
        path = self.app / "libsignsym_csharp.so"
        if os.geteuid():  # root reads everything
            path.chmod(0)
            self.check_fails("IO", str(path), "cannot be read", "let the user")
        path.unlink()
        path.symlink_to("/proc/self/mem")  # opens, and its first read fails
        self.check_fails("IO", str(path), "cannot be read", "let the user")

    def test_a_library_for_another_processor_is_told(self):
        self.lay_beside()
        self.link_torch()
        path = self.app / "libsignsym_csharp.so"
        library = bytearray(path.read_bytes())
        library[18:20] = (183).to_bytes(2, "little")  # e_machine: EM_AARCH64
        path.write_bytes(library)
        self.check_fails("Unsupported", str(path), "another processor", "runtimes/linux-x64/native")

    def test_a_system_that_is_too_old_is_told(self):
        self.lay_beside()
        self.link_torch()
        path = next(self.app.glob("libsignsym.so.*"))
        library = path.read_bytes()
        needed = max(re.findall(rb"\0GLIBC_2\.[\d.]+\0", library))
        path.write_bytes(library.replace(needed, b"\0GLIBC_9" + needed[8:]))
        self.check_fails("Unsupported", "GLIBC_9", "older than the one", "Debian 12")

    def test_libraries_of_another_version_are_told(self):
        self.lay_beside()
        self.link_torch()
        path = next(self.app.glob("libsignsym.so.*"))
        version = self.signsym.name.encode()
        self.assertIn(version + b"\0", path.read_bytes())
        path.write_bytes(path.read_bytes().replace(version + b"\0", b"9" + version[1:] + b"\0"))
        self.check_fails("Mismatch", "9" + self.signsym.name[1:], self.signsym.name)

    def test_another_LibTorch_in_the_process_is_refused(self):
        self.lay_beside()
        self.link_torch()
        for name in ("libtorch_cpu.so", "libtorch_cpu.so.1.13"):
            other = self.fake_library(name)
            self.check_fails("Unsupported", "Another LibTorch", other, "Library.LibTorch", LD_PRELOAD=other)

    def test_a_LibTorch_of_another_version_is_told_with_the_remedy(self):
        self.lay_beside()
        self.link_torch()
        speaker = self.compile("other_libtorch.so", "c++", SOURCE / "tests/hazards/other_libtorch.cpp")
        self.check_fails("Unsupported", "2.3.1", "was built for " + self.torch.name, arguments=["text"], LD_PRELOAD=speaker)

    def test_a_LibTorch_without_a_symbol_is_told_with_the_remedy(self):
        self.lay_beside()
        self.link_torch()
        (self.app / "libtorch_cpu.so").unlink()
        shutil.copy(self.compile("libtorch_cpu.so", "cc", "-x", "c", "/dev/null", "-x", "none", "-Wl,-soname,libtorch_cpu.so",
                                 "-Wl,--no-as-needed", LIBTORCH / "lib/libc10.so", f"-Wl,-rpath,{LIBTORCH}/lib"), self.app)
        self.check_fails("Unsupported", "undefined symbol", "not the one that SignSym was built for", "Library.LibTorch")

    def test_the_LibTorch_that_is_loaded_already_serves_if_it_is_named(self):
        self.lay_beside()
        loaded = str(LIBTORCH / "lib/libtorch_cpu.so")
        self.check_works("info", str(LIBTORCH), LD_PRELOAD=loaded)

    def test_musl_is_told(self):
        self.lay_beside()
        self.link_torch()
        self.check_fails("Unsupported", "musl", "Debian", LD_PRELOAD=self.fake_library("ld-musl-x86_64.so.1"))

    def test_a_process_ends_while_a_run_goes_on(self):
        self.lay_beside()
        self.link_torch()
        config = self.folder / "config.textproto"
        data = SOURCE / "examples/data/mnist"
        config.write_text(f'data {{ mnist {{ path: "{data}" }} batch_size: 16 }} model {{ mlp {{ hidden: 64 }} }} train {{ epochs: 50 }}')
        for _ in range(3):
            self.check_works("exit", PROBE_CONFIG=str(config))

    def test_a_process_that_is_ended_in_a_data_callback_does_not_wait_for_its_run(self):
        self.lay_beside()
        self.link_torch()
        for runtime in RUNTIMES:
            with self.subTest(runtime):
                code, output = self.run_probe(runtime, "exit-in-source")
                self.assertEqual((code, output), (0, "at once\n"))

    def test_a_run_that_goes_on_when_the_process_ends_leaves_a_checkpoint(self):
        self.lay_beside()
        self.link_torch()
        data = SOURCE / "examples/data/mnist"
        for runtime in RUNTIMES:
            with self.subTest(runtime):
                config, run = self.folder / "config.textproto", self.folder / runtime
                config.write_text(f'data {{ mnist {{ path: "{data}" }} batch_size: 16 }} model {{ mlp {{ hidden: 64 }} }} '
                                  f'train {{ epochs: 50 }} output {{ folder: "{run}" }}')
                code, output = self.run_probe(runtime, "exit", PROBE_CONFIG=str(config))
                self.assertEqual(code, 0, output)
                self.assertTrue(list(run.glob("checkpoint-*.safetensors")))


if __name__ == "__main__":
    unittest.main()

"""What takes minutes: packages with LibTorch inside, a minimal system, and the tree as a part of another project."""
import os
import re
import shutil
import unittest
from pathlib import Path

from packages import ArchiveTest, PackageTest, field
from prefix import BUNDLED, CMAKE, CONFIG, CONSUMER, SOURCE, PrefixTest, run


@unittest.skipUnless(BUNDLED, "needs a build with SIGNSYM_BUNDLE_LIBTORCH=ON")
class LibtorchInside(ArchiveTest):
    def test_works_from_an_empty_folder(self):
        prefix = self.unpack("runtime", "development", "libtorch")
        self.assert_works(prefix)
        said = re.search(r"(\d+) MB", (prefix / "share/doc/signsym/libtorch.md").read_text())[1]
        size = sum(file.stat().st_size for file in (prefix / "lib/signsym").iterdir()) / 1e6
        self.assertAlmostEqual(int(said), size, delta=10)


@unittest.skipUnless(BUNDLED, "needs a build with SIGNSYM_BUNDLE_LIBTORCH=ON")
@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mmdebstrap"), "needs root and mmdebstrap")
class MinimalDebian(PackageTest):
    def test_installs_the_packages_with_their_dependencies_and_trains(self):
        packages = {field(file, "Package"): file for file in self.pack("DEB", "runtime", "development", "libtorch")}
        size = int(field(packages["signsym-libtorch"], "Installed-Size")) * 1024 / 1e6  # MB
        said = int(re.search(r"(\d+) MB", field(packages["signsym-libtorch"], "Description"))[1])
        self.assertAlmostEqual(size, said, delta=10)

        # Where this system has its own packages from. The hooks run in the new system's folder, as $1.
        sources = {f"deb {address} {suite.replace('/', ' ')}" for address, suite in
                   re.findall(r"\| (\S+://\S+) (\S+) \S+ Packages", run("apt-cache", "madison", "libc6"))}
        codename = re.search("VERSION_CODENAME=(.*)", Path("/etc/os-release").read_text())[1]
        system = self.folder / "system"
        install = ("ln -s /opt /usr/lib/signsym; dpkg -i /packages/signsym-libtorch_*.deb && exit 1; "  # never through it
                   "test -z \"$(ls /opt)\" && rm /usr/lib/signsym && "
                   "apt-get install --yes --no-install-recommends /packages/*.deb")
        run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase",
            "--include=ca-certificates,gcc,libc6-dev,pkg-config",
            f"--customize-hook=mkdir \"$1/packages\" && cp '{self.folder}'/packages/*.deb \"$1/packages\"",
            f"--customize-hook=chroot \"$1\" sh -c '{install}'",
            codename, system, *sorted(sources))

        shutil.copytree(SOURCE / "examples/data/mnist", system / "mnist")
        (system / "config.textproto").write_text(CONFIG.replace(f"{SOURCE}/examples/data", ""))
        enter = ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', system,
                 "env", "-i", "PATH=/usr/bin:/bin:/usr/sbin"]
        self.assertRegex(run(*enter, "signsym", "info"), r"libtorch +2\.")
        run(*enter, "sh", "-c", "cc -o /train /usr/share/doc/signsym/examples/c/train.c "
            "$(pkg-config --cflags --libs signsym)")
        self.assertRegex(run(*enter, "/train", "/config.textproto"), r"\Aepoch 1: loss")


class Subdirectory(PrefixTest):
    def test_of_a_host_gives_it_the_library(self):
        project = self.folder / "host"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(f"""
            cmake_minimum_required(VERSION 3.24)
            project(host LANGUAGES C CXX)
            add_subdirectory("{SOURCE}" signsym)
            add_executable(host "{CONSUMER}/train.cpp")
            target_link_libraries(host PRIVATE signsym::signsym)
            """)
        cache = {name: value for name, value in os.environ.items() if name.startswith("CCACHE_")}
        run(CMAKE, "-S", project, "-B", project / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
            f"-DSIGNSYM_LIBTORCH={os.environ['SIGNSYM_LIBTORCH_ROOT']}")
        run(CMAKE, "--build", project / "build", "--target", "host", env=cache)
        self.assert_trains(project / "build/host")
        targets = run(CMAKE, "--build", project / "build", "--target", "help")
        self.assertNotIn("signsym_capi_test", targets)
        self.assertNotIn("signsym_cli", targets)


if __name__ == "__main__":
    unittest.main()

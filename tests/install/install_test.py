"""The installed library, moved to a place with a space, and what is built with it. Each method is one ctest test."""
import unittest

from prefix import BUILD, BUNDLED, CMAKE, CONSUMER, LIBTORCH, PROTOBUF, SOURCE, PrefixTest, install, needed, run

LICENCES = {"protobuf", "dlpack", "nlohmann-json", "random123", "cli11", "plotly"}


class Install(PrefixTest):
    def setUp(self):
        super().setUp()
        install(self.folder / "first", "runtime", "development")
        self.prefix = (self.folder / "first").rename(self.folder / "moved to another place")
        self.use_own_libtorch(self.prefix)

    def test_holds_the_public_headers_and_no_other(self):
        headers = {path.name for path in (self.prefix / "include").rglob("*") if path.is_file()}
        public = {path.name for path in (SOURCE / "capi/include/signsym").iterdir()}
        self.assertEqual(headers, public | {"dlpack.h"})

    def test_holds_the_licences_of_what_is_compiled_in(self):
        folder = self.prefix / "share/doc/signsym/licenses"
        self.assertEqual({path.name for path in folder.iterdir()}, LICENCES)
        for path in [self.prefix / "share/doc/signsym/LICENSE", *folder.glob("*/*")]:
            self.assertGreater(path.stat().st_size, 500, path)

    def test_names_no_place_of_the_build(self):
        for path in self.prefix.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.suffix in (".cmake", ".pc", ".h", ".proto"):
                text = path.read_text()
                for place in (SOURCE, BUILD, LIBTORCH, self.folder / "first"):
                    self.assertNotIn(str(place), text, path)
        for path in ("bin/signsym", "lib/libsignsym.so"):
            run_paths = [line for line in run("readelf", "-dW", self.prefix / path).splitlines() if "PATH" in line]
            self.assertEqual(len(run_paths), 1)
            self.assertRegex(run_paths[0], r"\(RUNPATH\).*\[\$ORIGIN/[a-z./]+\]")

    def test_asks_nothing_of_LibTorch_from_a_host(self):
        for path in (self.prefix / "lib").glob("*/**/*"):
            if path.suffix in (".cmake", ".pc"):
                self.assertNotIn("torch", path.read_text().lower(), path)
        for path in (self.prefix / "include").rglob("*.h*"):
            self.assertNotRegex(path.read_text(), r"#include.*(torch|ATen|c10|google)", path)

    def test_runs_the_driver(self):
        self.assert_driver_works(self.prefix)

    def test_proto_files_compile(self):
        root = self.prefix / "share/signsym/proto"
        files = sorted((root / "signsym/v1").iterdir())
        self.assertEqual(len(files), len(list((SOURCE / "proto/signsym/v1").iterdir())))
        run("protoc", "-I", root, "-I", PROTOBUF, f"--python_out={self.folder}", *files)

    def test_is_found_by_CMake(self):
        programs = self.build_with_cmake(self.prefix, "-DSIGNSYM_WANTED=0.1")
        self.assert_is_of(self.prefix, programs / "train_c")
        self.assert_trains(programs / "train_cxx")
        (programs / "signsym").symlink_to(self.prefix / "bin/signsym")
        run(CMAKE, f"-DBIN={programs}", f"-DSOURCE={SOURCE}", "-P", SOURCE / "tests/capi/examples.cmake",
            cwd=self.folder)

    def test_is_refused_by_CMake_where_another_version_is_wanted(self):
        for version in ("0.0", "0.2", "1.0"):
            with self.subTest(version=version), self.assertRaisesRegex(AssertionError, 'compatible.*with requested'):
                self.build_with_cmake(self.prefix, f"-DSIGNSYM_WANTED={version}")

    def test_is_found_by_pkg_config(self):
        self.assertEqual(self.pkg_config(self.prefix, "--modversion"), "0.1.0")
        self.assertTrue((self.prefix / "share/signsym/proto").samefile(
            self.pkg_config(self.prefix, "--variable=protodir").replace("\\", "")))
        place = {"env": {"LD_LIBRARY_PATH": str(self.prefix / "lib")}}
        program = self.build_with_pkg_config(self.prefix, "cc -std=c99 -Wall -Wextra -pedantic -Werror",
                                             self.prefix / "share/doc/signsym/examples/c/train.c")
        self.assert_trains(program, **place)
        program = self.build_with_pkg_config(self.prefix, "c++ -std=c++17 -Wall -Wextra -pedantic -Werror",
                                             CONSUMER / "train.cpp")
        self.assert_trains(program, **place)


class Libtorch(PrefixTest):
    def setUp(self):
        super().setUp()
        self.prefix = self.folder / "prefix"
        install(self.prefix, "runtime")
        self.place = self.prefix / "lib/signsym"

    def test_that_is_the_users_own_is_linked_to(self):
        if BUNDLED:
            self.skipTest("needs a build with SIGNSYM_BUNDLE_LIBTORCH=OFF")
        install(self.prefix, "libtorch")
        self.assertTrue(self.place.is_symlink() and self.place.samefile(LIBTORCH / "lib"))
        self.assert_driver_works(self.prefix)

        self.place.unlink()
        self.place.mkdir()  # a copy of LibTorch from an earlier install
        with self.assertRaisesRegex(AssertionError, r"LibTorch\s+of\s+an\s+earlier\s+install"):
            install(self.prefix, "libtorch")

    def test_inside_is_what_the_loader_needs_and_no_more(self):
        if not BUNDLED:
            self.skipTest("needs a build with SIGNSYM_BUNDLE_LIBTORCH=ON")
        own = self.folder / "own"
        own.mkdir()
        self.place.symlink_to(own)  # to be replaced, not followed
        install(self.prefix, "libtorch")
        self.assertFalse(self.place.is_symlink() or any(own.iterdir()))
        self.assert_driver_works(self.prefix)

        files = {path.name for path in self.place.iterdir()}
        wanted, found = ["libtorch_cpu.so", "libc10.so"], set()
        while wanted:
            name = wanted.pop()
            if name in files and name not in found:
                found.add(name)
                wanted += needed(self.place / name)
        self.assertEqual(files, found)
        licences = {path.name for path in (self.prefix / "share/doc/signsym/licenses").iterdir()}
        self.assertGreaterEqual(licences, {"libtorch", "libgomp", "mkl"})
        self.assertEqual(any(name.startswith("libcu") for name in files), "cuda" in licences)

    def test_that_is_missing_is_the_loaders_own_refusal(self):
        with self.assertRaisesRegex(AssertionError, r"libtorch_cpu\.so: cannot open shared object file"):
            run(self.prefix / "bin/signsym", "info")


if __name__ == "__main__":
    unittest.main()

"""What the tests of packages share: making them, and trying what was unpacked."""
from prefix import BUILD, CPACK, PrefixTest, run


def field(package, name):
    return run("dpkg-deb", "--field", package, name).strip()


class PackageTest(PrefixTest):
    def pack(self, generator, *components):
        run(CPACK, "--config", BUILD / "CPackConfig.cmake", "-G", generator, "-B", self.folder / "packages",
            "-D", f"CPACK_COMPONENTS_ALL={';'.join(components)}")
        files = [path for path in (self.folder / "packages").iterdir() if path.is_file()]
        self.assertEqual(len(files), len(components))
        return files

    def assert_works(self, prefix):
        self.assert_driver_works(prefix)
        programs = self.build_with_cmake(prefix)
        self.assert_is_of(prefix, programs / "train_c")
        self.assert_trains(programs / "train_c")


class ArchiveTest(PackageTest):
    def unpack(self, *components):
        (self.folder / "unpacked").mkdir()
        for file in self.pack("TGZ", *components):
            self.assertRegex(file.name, r"\Asignsym-0\.1\.0-linux-x86_64-(runtime|development|libtorch)\.tar\.gz\Z")
            run("tar", "-C", self.folder / "unpacked", "-xf", file)
        folders = list((self.folder / "unpacked").iterdir())
        self.assertEqual([folder.name for folder in folders], ["signsym-0.1.0-linux-x86_64"])
        return folders[0]

"""The packages, unpacked into an empty folder and used from there. Each method is one ctest test."""
import unittest

from packages import ArchiveTest, PackageTest, field
from prefix import run


class Archive(ArchiveTest):
    def test_works_from_an_empty_folder_with_a_LibTorch_of_ones_own(self):
        prefix = self.unpack("runtime", "development")
        self.use_own_libtorch(prefix)
        self.assert_works(prefix)


class Debian(PackageTest):
    def test_works_from_an_empty_folder_with_a_LibTorch_of_ones_own(self):
        packages = {field(file, "Package"): file for file in self.pack("DEB", "runtime", "development")}
        self.assertEqual(set(packages), {"signsym", "signsym-dev"})
        for file in packages.values():
            run("dpkg-deb", "-x", file, self.folder / "unpacked")
        prefix = self.folder / "unpacked/usr"
        self.use_own_libtorch(prefix)
        self.assert_works(prefix)

        self.assertEqual(field(packages["signsym-dev"], "Depends"), "signsym (= 0.1.0)")
        self.assertEqual(field(packages["signsym"], "Recommends"), "signsym-libtorch")
        for dependency in ("libc6", "libstdc++6", "zlib1g", "libcurl4", "libarchive13"):
            self.assertIn(dependency + " ", field(packages["signsym"], "Depends"))


if __name__ == "__main__":
    unittest.main()

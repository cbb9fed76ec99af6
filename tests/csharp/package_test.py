"""The packages as they are laid out, and the projects that pack them for NuGet: package_test.py [TEST...]"""
import os
import pathlib
import re
import unittest
import xml.etree.ElementTree as xml

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
BINDING = SOURCE / "bindings/csharp"
BUILD = pathlib.Path(os.environ["SIGNSYM_NUGET"]).parent
NUGET = BUILD / "nuget"
VERSION = re.search(r"project\(signsym VERSION ([\d.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
LIBTORCH = "SignSym.LibTorch.linux-x64"


def elements(path, tag):
    """All of that name, without regard to the namespace."""
    return [element for element in xml.parse(path).iter() if element.tag.rpartition("}")[2] == tag]


class Project:
    """A .csproj: its properties, with those of the file that it imports, and its items."""

    def __init__(self, path):
        self.path = path
        self.properties = {"MSBuildThisFileDirectory": f"{path.parent}/", "SignSymBuild": str(BUILD)}
        self.read(path)
        self.items = [(item.tag, {name: self.expand(value) for name, value in item.attrib.items()})
                      for group in elements(path, "ItemGroup") for item in group]

    def read(self, path):
        for element in xml.parse(path).getroot():
            if element.tag == "Import":
                self.read(pathlib.Path(self.expand(element.get("Project"))))
            for property in element if element.tag == "PropertyGroup" else []:
                if not property.get("Condition"):
                    self.properties[property.tag] = self.expand(property.text)

    def expand(self, text):
        return re.sub(r"\$\((\w+)\)", lambda name: self.properties[name.group(1)], text)

    def files(self, pattern):
        base, _, rest = pattern.partition("*")
        if rest:
            folder, _, name = base.rpartition("/")
            found = (self.path.parent / folder).glob(f"{name}*{rest}" + ("/*" if rest == "*" else ""))
        else:
            found = [self.path.parent / base]
        return {file.resolve() for file in found if file.is_file()}


class Packages(unittest.TestCase):
    def test_the_versions_are_those_of_the_project_and_of_LibTorch(self):
        libtorch = Project(BINDING / "libtorch/SignSym.LibTorch.csproj")
        self.assertEqual(Project(BINDING / "SignSym.csproj").properties["Version"], VERSION)
        self.assertTrue((NUGET / f"signsym/{VERSION}").is_dir())
        self.assertTrue((NUGET / f"{LIBTORCH.lower()}/{libtorch.properties['Version']}").is_dir())
        for folder in NUGET.glob("s*/*"):
            nuspec = folder / f"{folder.parent.name}.nuspec"
            self.assertEqual([element.text for element in elements(nuspec, "version")], [folder.name])
            self.assertEqual([element.text.lower() for element in elements(nuspec, "id")], [folder.parent.name])

    def test_one_reference_brings_LibTorch_too(self):
        version = next((NUGET / LIBTORCH.lower()).iterdir()).name
        needed = elements(NUGET / f"signsym/{VERSION}/signsym.nuspec", "dependency")
        self.assertEqual([element.attrib for element in needed], [{"id": LIBTORCH, "version": f"[{version}]"}])
        references = [item for tag, item in Project(BINDING / "SignSym.csproj").items if tag == "PackageReference"]
        self.assertEqual(references, [{"Include": LIBTORCH, "Version": f"[{version}]"}])
        self.assertEqual(Project(BINDING / "libtorch/SignSym.LibTorch.csproj").properties["PackageId"], LIBTORCH)

    def test_the_layout_has_all_that_a_package_needs(self):
        files = {str(file.relative_to(NUGET)) for file in NUGET.rglob("*") if file.is_file()}
        version = next((NUGET / LIBTORCH.lower()).iterdir()).name
        native = "runtimes/linux-x64/native"
        for name in ("README.md", "LICENSE", "lib/netstandard2.0/SignSym.dll",
                     "lib/netstandard2.0/SignSym.xml", f"{native}/libsignsym_csharp.so",
                     f"{native}/libsignsym.so.{VERSION.split('.')[0]}"):
            self.assertIn(f"signsym/{VERSION}/{name}", files)
        for name in ("README.md", f"{native}/libtorch_cpu.so", f"{native}/libc10.so"):
            self.assertIn(f"{LIBTORCH.lower()}/{version}/{name}", files)

    def test_each_package_has_the_licences_of_what_is_in_it(self):
        libtorch = next((NUGET / LIBTORCH.lower()).iterdir())
        cuda = {"cuda/License.txt"} if list(libtorch.glob("runtimes/*/native/libcu*")) else set()
        for package, wanted in (
                (NUGET / f"signsym/{VERSION}", {"protobuf/LICENSE", "dlpack/LICENSE", "nlohmann-json/copyright",
                                                "random123/copyright"}),
                (libtorch, {"libtorch/LICENSE", "libtorch/NOTICE", "libgomp/copyright", "libgomp/GPL-3", "mkl/LICENSE",
                            "mkl/third-party-programs.txt"} | cuda)):
            folder = package / "licenses"
            sizes = {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*") if file.is_file()}
            self.assertEqual(set(sizes), wanted)
            self.assertGreater(min(sizes.values()), 500, sizes)
            for license in elements(package / f"{package.parent.name}.nuspec", "license"):
                if license.get("type") == "file":
                    self.assertTrue((package / license.text).is_file(), license.text)

    def test_the_package_of_LibTorch_says_how_large_it_is(self):
        libtorch = next((NUGET / LIBTORCH.lower()).iterdir())
        size = sum(file.stat().st_size for file in (libtorch / "runtimes/linux-x64/native").iterdir()) / 1e6
        nuspec, = elements(libtorch / f"{LIBTORCH.lower()}.nuspec", "description")
        project = Project(BINDING / "libtorch/SignSym.LibTorch.csproj")
        self.assertEqual(project.properties["Description"], nuspec.text)
        for text in (nuspec.text, (libtorch / "README.md").read_text()):
            self.assertAlmostEqual(int(re.search(r"(\d+) MB", text)[1]), size, delta=10)

    def test_the_projects_name_every_file_of_the_layout_and_of_the_sources(self):
        for project, folder in ((BINDING / "SignSym.csproj", NUGET / f"signsym/{VERSION}"),
                                (BINDING / "libtorch/SignSym.LibTorch.csproj", next((NUGET / LIBTORCH.lower()).iterdir()))):
            with self.subTest(project.name):
                project = Project(project)
                packed = set()
                for tag, item in project.items:
                    for pattern in item["Include"].split(";") if tag in ("Compile", "None") else []:
                        files = project.files(pattern)
                        self.assertTrue(files, pattern)
                        if item.get("Pack") == "true":
                            packed |= {file.name for file in files}
                        elif pattern == "src/*.cs":
                            self.assertEqual(files, set((BINDING / "src").glob("*.cs")))
                built = {"SignSym.dll", "SignSym.xml"}
                laid_out = {file.resolve().name for file in folder.rglob("*") if file.is_file() and file.suffix != ".nuspec"}
                self.assertEqual(packed, laid_out - built)

    def test_the_build_compiles_every_source(self):
        listed = set(re.findall(r"src/(\w+\.cs)", (BINDING / "CMakeLists.txt").read_text()))
        self.assertEqual(listed, {file.name for file in (BINDING / "src").glob("*.cs")})


if __name__ == "__main__":
    unittest.main()

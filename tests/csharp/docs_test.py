"""Every piece of C# in the documents compiles as it stands there, and the commands of docs/csharp.md run from an empty
folder: docs_test.py. A piece that is no whole program is the body of a method; FIELDS are what it takes for granted."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SIGNSYM_NUGET"]).parent
ASSEMBLY = pathlib.Path(os.environ["SIGNSYM_CSHARP"]) / "SignSym.dll"
FIELDS = """
    static Config config;
    static Trainer trainer;
    static System.Threading.CancellationToken cancellationToken;
    static byte[] pixels, classes;
    static long count;
    static string path;
"""


def pieces(name, language="csharp"):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (SOURCE / name).read_text(), re.MULTILINE | re.DOTALL)
    return [text for found, text in blocks if found == language]


def program(piece):
    if "static void Main" in piece:
        return piece
    usings = re.findall(r"^using [\w.]+;\n", piece, re.MULTILINE)
    body = re.sub(r"^using [\w.]+;\n", "", piece, flags=re.MULTILINE)
    return (f"{''.join(set(usings) | {'using System;' + chr(10), 'using SignSym;' + chr(10)})}"
            f"internal static class Piece\n{{{FIELDS}\n    private static void Main()\n    {{\n{body}\n    }}\n}}\n")


class Documents(unittest.TestCase):
    def test_every_piece_compiles(self):
        for name, least in (("docs/csharp.md", 4), ("README.md", 1), ("bindings/csharp/README.md", 1)):
            found = pieces(name)
            self.assertGreaterEqual(len(found), least, name)
            for number, piece in enumerate(found, 1):
                with self.subTest(f"{name}, piece {number}"), tempfile.TemporaryDirectory() as folder:
                    file = pathlib.Path(folder) / "Piece.cs"
                    file.write_text(program(piece))
                    result = subprocess.run([os.environ["SIGNSYM_MCS"], "-langversion:7.2", "-nowarn:649", f"-r:{ASSEMBLY}",
                                             f"-out:{folder}/Piece.exe", file], capture_output=True, text=True)
                    self.assertEqual(result.returncode, 0, result.stdout + result.stderr + program(piece))

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="signsym docs "))
        self.addCleanup(shutil.rmtree, self.root)

    def repository(self):
        """What the commands find in the folder that they start in, beside the runtimes that a path names."""
        (self.root / "build").mkdir()
        (self.root / "build/release").symlink_to(BUILD)
        (self.root / "examples").symlink_to(SOURCE / "examples")
        (self.root / "bin").mkdir()
        for name in ("mono", "mcs", "dotnet"):
            (self.root / "bin" / name).symlink_to(os.environ[f"SIGNSYM_{name.upper()}"])
        return {"PATH": f"{self.root / 'bin'}:/usr/bin:/bin", "HOME": str(self.root), "OMP_NUM_THREADS": "1"}

    def run_block(self, block, folder, environment):
        result = subprocess.run(["bash", "-ec", block + "pwd"], cwd=folder, env=environment, capture_output=True, text=True,
                                timeout=500)
        self.assertEqual(result.returncode, 0, block + result.stdout + result.stderr)
        *output, here = result.stdout.splitlines()
        return "\n".join(output), pathlib.Path(here)

    def first_program(self, runtime):
        environment = self.repository()
        commands = pieces("docs/csharp.md", "")
        _, folder = self.run_block(next(block for block in commands if "mkdir first" in block), self.root, environment)
        (folder / "First.cs").write_text(next(piece for piece in pieces("docs/csharp.md") if "class First" in piece))
        (folder / "First.runtimeconfig.json").write_text(pieces("docs/csharp.md", "json")[0])
        block = next(block for block in commands if f"\n{runtime} First.exe" in block)
        output, _ = self.run_block(block, folder, environment)
        self.assertRegex(output, r"^epoch 1: loss [\d.]+, held out [\d.]+ %\nepoch 2: .*\n[\d.]+ % right after \d+ steps$")
        self.assertTrue((folder / "run/model.safetensors").is_file())

        (folder / "First.cs").write_text(program(next(piece for piece in pieces("docs/csharp.md") if "Model.Load" in piece)))
        output, _ = self.run_block(block.replace("mcs", "mcs -nowarn:649,169"), folder, environment)
        probabilities = [float(word) for word in output.split()]
        self.assertEqual(len(probabilities), 10)
        self.assertAlmostEqual(sum(probabilities), 1, places=4)

    def test_the_first_program_runs_by_the_commands_of_the_page_on_mono(self):
        self.first_program("mono")

    def test_the_first_program_runs_by_the_commands_of_the_page_on_netcore(self):
        self.first_program("dotnet")

    def test_the_examples_run_by_the_commands_of_the_page(self):
        environment = self.repository()
        blocks = [block for block in pieces("docs/csharp.md", "") if "examples/data" in block]
        self.assertEqual([block.split()[0] for block in blocks], ["mono", "dotnet"])
        sources = {file.stem for file in (SOURCE / "examples/csharp").glob("*.cs")}
        for block in blocks:
            self.assertEqual(set(re.findall(r"(\w+)\.exe", block)), sources)
            self.run_block(re.sub(r"\n", " 2\n", block), self.root, environment)  # so many steps

    def test_the_commands_that_build_name_targets_that_there_are(self):
        block = next(block for block in pieces("docs/csharp.md", "") if "ninja" in block)
        script, configure, build = block.splitlines()
        self.assertTrue((SOURCE / script).is_file())
        self.assertEqual(configure, "cmake -S . -B build/release -G Ninja -DSIGNSYM_BUILD_CSHARP=ON")
        targets = subprocess.run(["ninja", "-C", BUILD, "-t", "targets", "all"], capture_output=True, text=True, check=True).stdout
        for target in build.removeprefix("ninja -C build/release ").split():
            self.assertIn(f"\n{target}: phony", targets)


if __name__ == "__main__":
    unittest.main()

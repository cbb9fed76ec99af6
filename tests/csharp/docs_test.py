"""Every piece of C# in the documents compiles as it stands there: docs_test.py. A piece that is no whole program is the
body of a method; FIELDS are what it takes for granted."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
ASSEMBLY = pathlib.Path(os.environ["SIGNSYM_CSHARP"]) / "SignSym.dll"
FIELDS = """
    static Config config;
    static Trainer trainer;
    static System.Threading.CancellationToken cancellationToken;
    static byte[] pixels, classes;
    static long count;
    static string path;
"""


def pieces(name):
    return re.findall(r"^```csharp\n(.*?)^```", (SOURCE / name).read_text(), re.MULTILINE | re.DOTALL)


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


if __name__ == "__main__":
    unittest.main()

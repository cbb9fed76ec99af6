"""dump.py INCLUDE_FOLDER... : the ABI of <signsym/signsym.h> as an abidw document, on standard output.

The header is compiled into a library of empty functions with debug information, which is all that abidw reads. Each
of the header's anonymous enums gets the name of the typedef before it, and a function that takes it, so that its
values are in the document too."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def stubs(header):
    """C that defines every function which the header declares, from the header's text."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.S)
    functions = re.findall(r"^SIGNSYM_API\s+([^;]+);", text, re.M)
    if not functions:
        raise SystemExit("dump.py: the header declares no function")
    text = re.sub(r"(typedef int32_t (\w+);\s+enum) \{", r"\1 \2_value {", text)
    enums = re.findall(r"^enum (\w+) \{", text, re.M)
    text += "".join(f"{function} {{ __builtin_trap(); }}\n" for function in functions)
    text += "".join(f"void signsym_has_{enum}(enum {enum} value) {{ (void)value; }}\n" for enum in enums)
    for name, value in re.findall(r"^#define (SIGNSYM_[A-Z_]+_LENGTH) (\w+)", text, re.M):
        text += f"enum {name}_value {{ {name}_is = (int)({value}) }};\n"
        text += f"void signsym_has_{name}(enum {name}_value value) {{ (void)value; }}\n"
    return text


def dump(include_folders):
    folders = [Path(folder) for folder in include_folders]
    header = next(file for file in (folder / "signsym/signsym.h" for folder in folders) if file.exists())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "signsym.c").write_text(stubs(header.read_text()))
        subprocess.run(["cc", "-std=c11", "-g", "-O0", "-fPIC", "-shared", "-Wl,-soname,libsignsym.so",
                        *(f"-I{include.resolve()}" for include in folders), "signsym.c", "-o", "libsignsym.so"],
                       check=True, cwd=folder)
        return subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed",
                               "libsignsym.so"], check=True, cwd=folder, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.stdout.write(dump(sys.argv[1:]))

"""One config gives the same bytes, whoever trains it: the driver, C, or C# on either runtime and thread: same_bytes_test.py DRIVER TRAIN_C"""
import os
import pathlib
import subprocess
import sys
import tempfile

source = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
probe = str(pathlib.Path(os.environ["SIGNSYM_CSHARP"]) / "Probe.exe")
driver, train_c = sys.argv[1:]
CONFIG = (source / "bindings/same-bytes.textproto").read_text()

with tempfile.TemporaryDirectory(prefix="signsym-same-") as scratch:
    runs = {}
    mono, netcore = [os.environ["SIGNSYM_MONO"], probe], [os.environ["SIGNSYM_DOTNET"], probe]
    for name, command in {"driver": [driver, "train"], "c": [train_c], "mono": mono + ["train"], "netcore": netcore + ["train"],
                          "mono-async": mono + ["train-async"], "netcore-async": netcore + ["train-async"]}.items():
        config = pathlib.Path(scratch) / f"{name}.textproto"
        folder = pathlib.Path(scratch) / name
        config.write_text(f'{CONFIG} output {{ folder: "{folder}" }}')
        arguments = [str(config)] if name in ("driver", "c") else []
        subprocess.run(command + arguments, env={**os.environ, "PROBE_CONFIG": str(config)}, check=True, cwd=source, stdout=subprocess.DEVNULL)
        runs[name] = (folder / "checkpoint-12.safetensors").read_bytes()
    wrong = [name for name, checkpoint in runs.items() if checkpoint != runs["driver"]]
    sys.exit(f"other bytes than the driver's: {wrong}" if wrong else 0)

"""The Swing window of examples/java on a screen in memory."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SIGNSYM_JAVA"])
REPOSITORY = BUILD / "repository"
PLATFORM = os.environ["SIGNSYM_PLATFORM"]


def has_windows():
    """A JRE that is not the headless one."""
    home = pathlib.Path(shutil.which("java")).resolve().parents[1]
    return (home / "lib/libawt_xawt.so").is_file()


@unittest.skipUnless(shutil.which("Xvfb"), "needs Xvfb")
@unittest.skipUnless(has_windows(), "needs a JRE with windows: openjdk-17-jre")
class Window(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym-window-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def show_screen(self):
        screen = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(screen.stdout.close)
        self.addCleanup(screen.wait)
        self.addCleanup(screen.terminate)
        return ":" + screen.stdout.readline().strip()

    def look(self, percent):
        """What is read in the window before and after the button was pressed, and its picture's pixels of the curve."""
        jars = [next((REPOSITORY / path).glob("*/*[0-9].jar")) for path in (
            "org/signsym/signsym", "com/google/protobuf/protobuf-java", f"org/signsym/signsym-natives-{PLATFORM}",
            f"org/signsym/signsym-libtorch-{PLATFORM}")]
        path = ":".join(map(str, [self.folder, *jars]))
        subprocess.run(["javac", "-d", self.folder, "-cp", path,
                        SOURCE / "examples/java/src/main/java/TrainingWindow.java",
                        SOURCE / "bindings/java/tests/window/Look.java"], check=True)
        picture = self.folder / "window.png"
        result = subprocess.run(
            ["java", f"-Dorg.signsym.cache={BUILD}/cache", "-cp", path, "Look", picture,
             str(percent), "examples/configs/demo-mnist.textproto", "feedback.rule=SIGN_SYMMETRY"],
            cwd=SOURCE, env={**os.environ, "DISPLAY": self.show_screen()}, capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(picture.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        before, after, curve = result.stdout.splitlines()
        return before, after, int(curve.split()[0])

    def test_it_shows_the_curves_of_a_run_and_its_button_ends_it(self):
        before, after, curve = self.look(5)
        self.assertRegex(before, r"^epoch \d+ of \d+, loss [0-9.]+, \d+ pictures a second$")
        self.assertRegex(after, r"^cancelled after \d+ steps$")
        self.assertGreater(curve, 100)

    def test_it_shows_a_run_to_its_end(self):
        before, after, curve = self.look(100)
        self.assertRegex(before, r"^finished after \d+ steps$")
        self.assertEqual(before, after)
        self.assertGreater(curve, 100)


if __name__ == "__main__":
    unittest.main()

"""The programs of docs/java.md, README.md and examples/java as a newcomer copies them: outside the tree, with the
installed artifacts alone."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["SIGNSYM_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["SIGNSYM_JAVA"])
REPOSITORY = BUILD / "repository"
OFFLINE = [os.environ["SIGNSYM_MAVEN"], "--batch-mode", "--offline", f"-Dmaven.repo.local={REPOSITORY}"]
CACHE = f"-Dorg.signsym.cache={BUILD}/cache"
# Versions of the plugins that a project leaves to Maven, as they lie in the repository.
PINS = "".join(f"<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-{name}-plugin</artifactId>"
               f"<version>{version}</version></plugin>"
               for name, version in (("resources", "3.3.1"), ("compiler", "3.13.0"), ("surefire", "3.2.5")))


def snippets(file, language):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (SOURCE / file).read_text(), re.MULTILINE | re.DOTALL)
    return [text for found, text in blocks if found == language]


class Docs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signsym docs "))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_here(self, *command, **environment):
        result = subprocess.run(list(map(str, command)), cwd=self.folder, env={**os.environ, **environment},
                                capture_output=True, text=True, timeout=500)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_the_first_program_is_compiled_and_run_by_the_commands_of_the_page(self):
        pom = next(text for text in snippets("docs/java.md", "xml") if "<project" in text)
        program = next(text for text in snippets("docs/java.md", "java") if "class First" in text)
        commands = next(text for text in snippets("docs/java.md", "") if "java -jar" in text).splitlines()
        (self.folder / "pom.xml").write_text(pom.replace("<plugins>", "<plugins>" + PINS))
        (self.folder / "src/main/java").mkdir(parents=True)
        (self.folder / "src/main/java/First.java").write_text(program)
        shutil.copytree(SOURCE / "examples/data/mnist", self.folder / "mnist")
        for command in commands:
            words = command.split()
            output = self.run_here(*{"mvn": OFFLINE, "java": ["java", CACHE]}[words[0]], *words[1:])
        self.assertRegex(output, r"END .*finished\n")
        self.assertRegex(output, r"Evaluation\[loss=[0-9.]+, top1=[0-9.]+")
        self.assertTrue((self.folder / "runs/first/model.safetensors").is_file())

    def test_the_other_pieces_compile_and_run(self):
        pieces = [text for text in snippets("docs/java.md", "java") if "class First" not in text]
        self.assertEqual(len(pieces), 2)
        (self.folder / "Pieces.java").write_text(
            "import java.nio.*; import java.nio.file.*; import java.util.*; import org.signsym.*;\n"
            "import org.signsym.v1.Data; import org.signsym.v1.Experiment; import org.signsym.v1.Feedback;\n"
            "import org.signsym.v1.Lenet;\n"
            "import org.signsym.v1.Mnist; import org.signsym.v1.Rule;\n"
            "public class Pieces {\n"
            "static byte[] read(long index) { return new byte[3072]; }\n"
            "static long label(long index) { return index % 10; }\n"
            "static void configs() {" + pieces[0] + "System.out.println(config.toMessage().getFeedback().getRule()); }\n"
            "static void data() {"
            "Config config = Config.text(\"data { host {} } model { mlp {} input { channels: 3 height: 32 width: 32 } }"
            " train { epochs: 1 }\");\n"
            "int n = 100; ByteBuffer pictures = ByteBuffer.allocateDirect(n * 3072); long[] labels = new long[n];\n"
            + pieces[1] + "System.out.println(\"trained\"); }\n"
            "static void readme(CancelToken token) {" + snippets("README.md", "java")[0] + "}\n"
            "public static void main(String[] arguments) { configs(); data(); } }\n")
        jars = [next((REPOSITORY / path).glob("*/*[0-9].jar")) for path in (
            "org/signsym/signsym", "com/google/protobuf/protobuf-java",
            *(f"org/signsym/signsym-{pack}-{os.environ['SIGNSYM_PLATFORM']}" for pack in ("natives", "libtorch")))]
        path = ":".join(map(str, jars))
        self.run_here("javac", "-cp", path, "Pieces.java")
        output = self.run_here("java", CACHE, "-cp", f"{path}:.", "Pieces")
        self.assertEqual(output, "FEEDBACK_ALIGNMENT\ntrained\n")

    def test_another_platform_needs_only_the_build_of_its_libraries(self):
        list_file = self.folder / "packs/natives/META-INF/signsym/linux-aarch64/natives/list"
        list_file.parent.mkdir(parents=True)
        list_file.write_text("")
        maven = [*OFFLINE, "-Dsignsym.platform=linux-aarch64", "-f", SOURCE / "bindings/java"]
        module = "signsym-natives-linux-aarch64"
        self.run_here(*maven, f"-Dsignsym.build={self.folder}", "-pl", module, "package")
        self.assertTrue((self.folder / f"maven/{module}/{module}-0.1.0.jar").is_file())
        self.assertIn("Linux on aarch64", self.run_here(*maven, "validate"))


if __name__ == "__main__":
    unittest.main()

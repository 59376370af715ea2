package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.architecture.Repository;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The torch that pip installed for some Python, on the CPU: {@code flm bridge} compiles the way to it once for all tests, and
 * keeps its choice in a cache folder of theirs.
 */
@Timeout(300)
@EnabledOnOs(OS.LINUX)
@EnabledIfSystemProperty(
        named = "flm.test.python",
        matches = ".+",
        disabledReason =
                "needs a Python with torch 2.7 or later: run .ci/run, or give -Dflm.test.python=/path/to/python")
@EnabledIf(value = "hasCompiler", disabledReason = "needs g++ (Debian: apt-get install g++)")
class HostTorchTest {
    private static final Pattern LIBRARY = Pattern.compile("/.*/libtorch_cpu[^/]*\\.so");

    private static final String PYTHON = System.getProperty("flm.test.python", "");

    @TempDir
    private static Path folder = Path.of("");

    private static String version = "";

    static boolean hasCompiler() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(place -> Files.isExecutable(Path.of(place, "g++")));
    }

    @BeforeAll
    static void theBridgeIsCompiledAndChosen() throws Exception {
        FlmProcess flm = bridge();
        JsonNode bridge = flm.result();
        assertThat(flm.errors()).contains("compiling the bridge to torch");
        assertThat(bridge.path("route").asText()).isEqualTo("host");
        version = bridge.path("torch").asText();
        assertThat(pythonsTorch().resolve("version.py")).content().contains("__version__ = '" + version + "'");
    }

    private static FlmProcess bridge() throws IOException {
        return flm("bridge", "--python", PYTHON, "--json");
    }

    private static FlmProcess flm(String... arguments) throws IOException {
        return FlmProcess.start(folder.resolve("out"), ownCache(), arguments);
    }

    private static List<String> ownCache() {
        return List.of("env", "XDG_CACHE_HOME=" + folder.resolve("cache"));
    }

    private static Path pythonsTorch() throws IOException {
        Process process = new ProcessBuilder(
                        PYTHON, "-c", "import importlib.util as u; print(u.find_spec('torch').origin, end='')")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String init = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return Path.of(init).resolveSibling("").toRealPath();
    }

    private static String torch(JsonNode doctor) {
        return doctor.path("findings")
                .valueStream()
                .filter(finding -> finding.path("topic").asText().equals("torch"))
                .map(finding -> finding.path("found").asText())
                .collect(Collectors.joining());
    }

    @Test
    void theModelIsThatOfTheOfficialImplementation() throws Exception {
        String golden = Repository.root().resolve("tests/golden/flm-tiny").toString();
        JsonNode doctor =
                flm("doctor", "--golden", golden, "--devices", "cpu", "--json").result();
        assertThat(torch(doctor)).startsWith("host: torch " + version).endsWith("; it starts");
        assertThat(doctor.path("parity"))
                .hasSizeGreaterThan(10)
                .allSatisfy(group -> assertThat(group.path("passed").asBoolean())
                        .as(group.toString())
                        .isTrue());
    }

    @Test
    void aRunTrainsAndIsEvaluated() throws Exception {
        JsonNode run = flm(
                        "pretrain",
                        "--preset",
                        "tiny",
                        "--steps",
                        "3",
                        "--devices",
                        "cpu",
                        "--run",
                        folder.resolve("evaluated").toString(),
                        "--json")
                .result();
        assertThat(run.path("steps").asInt()).isEqualTo(3);
        assertThat(run.path("loss").asDouble()).isFinite().isPositive();
        assertThat(run.path("heldOut").path("tokenLoss").asDouble()).isFinite().isPositive();
    }

    @Test
    void thisTorchComputesAndTheNumberOfWorkersDoesNotChangeTheWeights() throws Exception {
        assertThat(train(2)).isEqualTo(train(1));
    }

    private static String train(int workers) throws Exception {
        LocalRun run = LocalRun.start(
                folder.resolve("workers-" + workers),
                ownCache(),
                "tiny",
                20,
                "--devices",
                "cpu",
                "--workers",
                String.valueOf(workers));
        run.await("a step", () -> run.steps() > 0);
        assertThat(loaded(run.children().get(0).process()))
                .containsExactly(pythonsTorch().resolve("lib/libtorch_cpu.so").toString());
        return run.result().path("weightsSha256").asText();
    }

    private static Set<String> loaded(ProcessHandle process) throws IOException {
        Path maps = Path.of("/proc", String.valueOf(process.pid()), "maps");
        try (Stream<String> lines = Files.lines(maps)) {
            return lines.map(LIBRARY::matcher)
                    .filter(Matcher::find)
                    .map(Matcher::group)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void theChoiceGoesBackAndForthWithoutCompilingAgain() throws Exception {
        assertThat(flm("bridge", "--bundled", "--json").result().path("route").asText())
                .isEqualTo("bundled");
        assertThat(torch(flm("doctor", "--json").result())).startsWith("bundled: libtorch");
        FlmProcess again = bridge();
        assertThat(again.result().path("route").asText()).isEqualTo("host");
        assertThat(again.errors()).contains("is already there");
    }
}

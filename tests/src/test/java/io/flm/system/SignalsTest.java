package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Who asks a run to end gets a checkpoint, whichever signal says so. */
@Timeout(600)
@EnabledOnOs(OS.LINUX)
class SignalsTest {
    private static final int ENDLESS = 1_000_000;

    @TempDir
    private Path folder = Path.of("");

    private final List<LocalRun> started = new ArrayList<>();

    @BeforeEach
    void withSignalsAsTheyAreByDefault() throws IOException {
        String ignored = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElseThrow()
                .substring("SigIgn:".length())
                .strip();
        assumeTrue(Long.parseUnsignedLong(ignored, 16) % 2 == 0, "these tests were started by nohup");
    }

    @AfterEach
    void endAll() throws Exception {
        for (LocalRun run : started) {
            run.driver().kill();
        }
    }

    private LocalRun pretrain(List<String> within, int steps, String... more) throws IOException {
        LocalRun run = LocalRun.start(folder.resolve("r"), within, "tiny", steps, more);
        started.add(run);
        return run;
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("r/flm.log"));
    }

    /** Its shell and the kernel both send SIGHUP, to the nodes too, and nothing can be written to it any more. */
    @Test
    void aClosedTerminalEndsARunAfterItsStepWithACheckpoint() throws Exception {
        List<String> tornOff = List.of("bash", "-c", "exec \"$@\" 2> >(head -n 1 >/dev/null)", "flm");
        LocalRun run = pretrain(tornOff, ENDLESS, "--nodes", "2");
        run.await("the first steps", () -> run.steps() > 2);
        for (LocalRun.Child child : run.children()) {
            child.signal("HUP");
        }
        run.driver().signal("HUP");
        run.driver().signal("HUP");
        assertThat(run.driver().exitCode()).isEqualTo(129);
        assertThat(log()).contains("SIGHUP: stopping after the step at hand, with a checkpoint");
        assertThat(folder.resolve("r/checkpoints").resolve(String.format("step-%010d", run.steps())))
                .isDirectory();
    }

    @Test
    void sigtermOfAProcessAndThenOfItsGroupIsOneRequest() throws Exception {
        LocalRun run = pretrain(List.of(), ENDLESS);
        run.await("the first steps", () -> run.steps() > 2);
        run.driver().signal("TERM");
        run.driver().signal("TERM");
        assertThat(run.driver().exitCode()).isEqualTo(143);
        assertThat(run.driver().errors())
                .contains("flm: SIGTERM: stopping after the step at hand, with a checkpoint")
                .contains("flm: SIGTERM; ")
                .contains("flm: go on with");
        assertThat(folder.resolve("r/checkpoints").resolve(String.format("step-%010d", run.steps())))
                .isDirectory();
    }

    /** As schedulers and {@code timeout} do: nodes that ended at once would take the steps since the last checkpoint with them. */
    @Test
    void sigtermOfAllProcessesEndsARunAfterItsStepWithACheckpoint() throws Exception {
        LocalRun run = pretrain(List.of(), ENDLESS, "--nodes", "2");
        run.await("the first steps", () -> run.steps() > 2);
        for (LocalRun.Child child : run.children()) {
            child.signal("TERM");
        }
        run.driver().signal("TERM");
        assertThat(run.driver().exitCode()).isEqualTo(143);
        assertThat(folder.resolve("r/checkpoints").resolve(String.format("step-%010d", run.steps())))
                .isDirectory();
    }

    @Test
    void whatNohupStartedOutlivesItsTerminal() throws Exception {
        LocalRun run = pretrain(List.of("nohup"), 30);
        run.await("the first steps", () -> run.steps() > 2);
        run.driver().signal("HUP");
        assertThat(run.result().get("steps").asInt()).isEqualTo(30);
    }
}

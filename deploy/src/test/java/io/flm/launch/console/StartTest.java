package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.launch.Main;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.run.RunFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A run that is ended while it starts, in a process of its own. */
@Timeout(120)
@DisabledOnOs(OS.WINDOWS)
class StartTest {
    @TempDir
    private Path folder = Path.of("");

    private Process pretrain(Path run) throws Exception {
        return new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "--add-opens=java.base/java.nio=ALL-UNNAMED",
                        "-Dai.djl.offline=true",
                        "-Dflm.home=" + TestEnvironment.ROOT,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "pretrain",
                        "--preset",
                        "tiny",
                        "--run",
                        run.toString()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile())
                .start();
    }

    @Test
    void aRunThatIsEndedWhileItStartsLeavesTheFolderAsItWas() throws Exception {
        Path run = Files.createDirectory(folder.resolve("run"));
        Process process = pretrain(run);
        while (!RunFiles.isRun(run)) {
            assertThat(process.waitFor(5, TimeUnit.MILLISECONDS))
                    .as("ended: %s", Files.readString(folder.resolve("said")))
                    .isFalse();
        }
        process.destroy(); // SIGTERM
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("said")))
                .isEqualTo(143);
        assertThat(Files.readString(folder.resolve("said")))
                .contains("SIGTERM: ")
                .contains("log: ");
        assertThat(run).isEmptyDirectory();
    }
}

package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.launch.Main;
import io.flm.launch.console.Failure;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a command leaves behind where no file takes a byte, in a process of its own: {@code ulimit -f 0} makes all disks full. */
@EnabledOnOs(OS.LINUX)
class FullDiskTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void shard() throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(folder.resolve("a.tar")))) {
            for (String name : List.of("a.png", "a.txt", "b.png", "b.txt")) {
                tar.putArchiveEntry(new TarArchiveEntry(name));
                tar.closeArchiveEntry();
            }
        }
    }

    /** Runs a command; what it says goes into a pipe. */
    private List<String> said(String limit, File out, int exitCode, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "bash",
                "-c",
                limit + "exec \"$@\"",
                "bash",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Dflm.home=" + TestEnvironment.ROOT,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out)
                .start();
        List<String> said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as("%s", said).isEqualTo(exitCode);
        return said;
    }

    private List<String> said(int exitCode, String... arguments) throws Exception {
        return said("ulimit -f 0; ", new File("/dev/null"), exitCode, arguments);
    }

    @Test
    void resultsThatAFullDiskDoesNotTakeAreNoSuccess() throws Exception {
        assertThat(said("", new File("/dev/full"), Failure.FAILED, "version"))
                .containsExactly(
                        "flm: the results are not whole: standard output cannot be written (the disk is full)");
        assertThat(said("", new File("/dev/full"), Failure.REFUSED, "config", "flm.nothing"))
                .singleElement()
                .asString()
                .contains("flm.nothing");
    }

    @Test
    void aPageThatHasNoRoomIsNotLeftInPart() throws Exception {
        assertThat(said(Failure.REFUSED, "data", "inspect", "a.tar", "--tokenizer", tokenizer(), "--html", "a.html"))
                .containsExactly("flm: " + folder.resolve("a.html")
                        + ": cannot be written (File too large); give --html another file");
        assertThat(folder.resolve("a.html")).doesNotExist();
    }

    @Test
    void aRunThatCannotBeginLeavesNoFolder() throws Exception {
        String[] pretrain = {
            "pretrain",
            "--preset",
            "tiny",
            "--data",
            "a.tar",
            "--tokenizer",
            tokenizer(),
            "--set",
            "flm.model.vocabulary=2048",
            "--run",
            "run"
        };
        assertThat(said(Failure.REFUSED, pretrain))
                .last()
                .isEqualTo("flm: " + folder.resolve("run")
                        + ": cannot be written (File too large); no run can be kept there; choose another --run");
        assertThat(folder.resolve("run")).doesNotExist();
        Files.createDirectory(folder.resolve("run"));
        said(Failure.REFUSED, pretrain);
        assertThat(folder.resolve("run")).as("of the user's").isEmptyDirectory();
    }

    private static String tokenizer() {
        return TestEnvironment.ROOT
                .resolve("data-stream/emoji/tokenizer-emoji-2k.json")
                .toString();
    }
}

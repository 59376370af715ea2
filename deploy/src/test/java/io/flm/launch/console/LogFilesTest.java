package io.flm.launch.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.flm.launch.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program's first log, in a process of its own: it lies in a folder that everybody may write. */
@DisabledOnOs(OS.WINDOWS)
class LogFilesTest {
    /** Starts the program in one of the ways of {@link #main}, in a folder for temporary files of its own. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) throws IOException {
            Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
            Path foreseen = temporary.resolve("flm-" + ProcessHandle.current().pid() + ".log");
            Files.createSymbolicLink(foreseen, Path.of(arguments[0]));
            LogFiles logs = LogFiles.of(warning -> {});
            logs.begin();
            org.slf4j.LoggerFactory.getLogger(Program.class).error("an error");
            System.out.println(logs.place());
            System.out.println(PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(logs.place()))));
            if (arguments[1].equals("kept")) {
                logs.close(true);
            } else if (arguments[1].equals("closed")) {
                logs.close(false);
            }
        }
    }

    /** Logs to a full disk, and prints what the user is told. */
    static final class Full {
        private Full() {}

        public static void main(String[] arguments) {
            LogFiles logs = LogFiles.of(System.out::println);
            logs.to(Path.of("/dev/full"), LogForm.TEXT);
            org.slf4j.Logger log = org.slf4j.LoggerFactory.getLogger(Full.class);
            log.info("a line");
            log.info("another line");
            logs.close(false);
        }
    }

    @TempDir
    private Path folder = Path.of("");

    private List<String> run(Class<?> program, Path temporary, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        Path said = folder.resolve("said");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return Files.readAllLines(said);
    }

    private List<Path> logsIn(Path temporary) throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> !Files.isSymbolicLink(file))
                    .filter(file -> file.getFileName().toString().startsWith("flm-"))
                    .toList();
        }
    }

    @Test
    void aLinkThatWaitsAtTheNameOfTheProcessIsNotWrittenThrough() throws Exception {
        Path victim = Files.writeString(folder.resolve("victim"), "mine");
        for (String end : List.of("kept", "closed", "left")) {
            Path temporary = Files.createDirectories(folder.resolve(end));
            List<String> said = run(Program.class, temporary, victim.toString(), end);
            assertThat(victim).hasContent("mine");
            assertThat(said).as("readable by its owner alone").hasSize(2).contains("rw-------");
            if (end.equals("kept")) {
                assertThat(logsIn(temporary)).containsExactly(Path.of(said.get(0)));
                assertThat(Path.of(said.get(0))).content().contains("an error");
            } else {
                assertThat(logsIn(temporary)).isEmpty();
            }
        }
    }

    @Test
    void aLogThatCannotBeWrittenIsToldOnce() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full on this system");
        assertThat(run(Full.class, folder))
                .containsExactly(
                        "/dev/full: the log cannot be written (the disk is full), and lacks lines from now on");
    }

    @Test
    void withoutAFolderForTemporaryFilesCommandsWorkAllTheSame() throws Exception {
        assertThat(run(Main.class, folder.resolve("missing"), "version"))
                .singleElement()
                .asString()
                .startsWith("flm ");
    }
}

package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.architecture.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command line {@code flm} in a process of its own, as {@code deploy/flm} starts it. */
final class FlmProcess {
    private static final long BOUND_SECONDS = 240;

    private final Process process;
    private final Path out;
    private final Path err;

    private FlmProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    static FlmProcess start(Path folder, String... arguments) throws IOException {
        return start(folder, List.of(), arguments);
    }

    /** @param within a command that starts the one which follows it, in surroundings of its own */
    static FlmProcess start(Path folder, List<String> within, String... arguments) throws IOException {
        Files.createDirectories(folder);
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        List<String> command = new ArrayList<>(within);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1", // short runs: the second compiler takes more time than it saves
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-Dai.djl.offline=true",
                "-Dflm.home=" + Repository.root(),
                "-cp",
                System.getProperty("java.class.path"),
                "io.flm.launch.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("GOMP_SPINCOUNT", "100000");
        return new FlmProcess(builder.start(), out, err);
    }

    /** SIGKILL: nothing of the process can react. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    /** HUP or TERM, say. */
    void signal(String name) throws Exception {
        signal(name, process.pid());
    }

    static void signal(String name, long pid) throws Exception {
        int code = new ProcessBuilder("kill", "-" + name, String.valueOf(pid))
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new IOException("kill -" + name + " " + pid + ": exit code " + code);
        }
    }

    /** The most memory that it has held so far; 0: it has ended. */
    double peakBytes() {
        try {
            return Files.readAllLines(Path.of("/proc", String.valueOf(process.pid()), "status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToDouble(line -> 1024 * Double.parseDouble(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    boolean endsWithin(long ms) throws InterruptedException {
        return process.waitFor(ms, TimeUnit.MILLISECONDS);
    }

    /** Waits for the end. */
    int exitCode() throws Exception {
        assertThat(process.waitFor(BOUND_SECONDS, TimeUnit.SECONDS))
                .as("ended within %d s; its messages: %s", BOUND_SECONDS, errors())
                .isTrue();
        return process.exitValue();
    }

    /** Waits for the end and returns the JSON object of the last line of standard output. */
    JsonNode result() throws Exception {
        assertThat(exitCode()).as(errors()).isZero();
        List<String> lines = Files.readAllLines(out);
        return new ObjectMapper().readTree(lines.get(lines.size() - 1));
    }

    String errors() throws IOException {
        return Files.readString(err);
    }
}

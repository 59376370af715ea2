package io.flm.launch.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.launch.console.SelfProcess;
import io.flm.launch.files.PlainFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Commands of this program in processes of their own, until they are stopped. They end with this process, however that ends. */
final class CellProcesses {
    private static final Logger LOG = LoggerFactory.getLogger(CellProcesses.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Set<Process> processes = ConcurrentHashMap.newKeySet();
    private final Map<String, String> lastSaid = new ConcurrentHashMap<>(); // by the keys of cells that run
    private volatile boolean stopped;

    /**
     * Runs a command to its end.
     *
     * @param cell the key of the cell that it is of
     * @param log gets what it says
     * @return what it printed last, which is JSON
     * @throws InterruptedException where {@link #stop} was called
     */
    JsonNode run(String cell, List<String> arguments, Path log) throws CellFailure, InterruptedException {
        LOG.info("{}: flm {}", cell, String.join(" ", arguments));
        String last = "";
        String output = "";
        int exitCode;
        try (OutputStream messages = PlainFile.append(log)) {
            messages.write(("$ flm " + String.join(" ", arguments) + "\n").getBytes(StandardCharsets.UTF_8));
            messages.flush();
            Process process = SelfProcess.dependent(arguments).start();
            processes.add(process);
            try {
                if (stopped) {
                    process.destroy();
                }
                StringBuilder said = new StringBuilder();
                Thread errors = reader(process, messages, said, line -> lastSaid.put(cell, line));
                output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                exitCode = process.waitFor();
                errors.join();
                last = said.toString();
            } finally {
                lastSaid.remove(cell);
                processes.remove(process);
                process.destroy();
            }
        } catch (IOException e) {
            throw new CellFailure(log + ": " + FileErrors.reason(e));
        }
        if (stopped) {
            throw new InterruptedException(cell);
        }
        if (exitCode != 0) {
            throw new CellFailure((last.isEmpty() ? "ended with exit code " + exitCode : last) + "; log: " + log);
        }
        try {
            return JSON.readTree(output.lines().reduce("", (a, b) -> b));
        } catch (JsonProcessingException e) {
            throw new CellFailure("it printed no JSON; log: " + log);
        }
    }

    /** Copies what a process says into the log, and keeps the last line. */
    private static Thread reader(Process process, OutputStream log, StringBuilder last, Consumer<String> saying) {
        Thread thread = new Thread(
                () -> {
                    try (BufferedReader lines = new BufferedReader(
                            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
                        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                            write(log, line);
                            if (!line.isBlank()) {
                                last.setLength(0);
                                last.append(line.startsWith("flm: ") ? line.substring(5) : line);
                                saying.accept(last.toString());
                            }
                        }
                    } catch (IOException e) {
                        LOG.info("no more output", e);
                    }
                },
                "output");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** A full disk keeps no process waiting for its reader. */
    private static void write(OutputStream log, String line) {
        try {
            log.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            log.flush();
        } catch (IOException e) {
            LOG.info("not in the log: {}", line, e);
        }
    }

    /** What the process of a cell has said last; empty: nothing. */
    String lastSaid(String cell) {
        return lastSaid.getOrDefault(cell, "");
    }

    /** Whether {@link #stop} was called. */
    boolean stopped() {
        return stopped;
    }

    /** Ends all that run, and those that are about to. Called by any thread. */
    void stop() {
        stopped = true;
        processes.forEach(Process::destroy);
    }
}

package io.flm.worker.checkpoint;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * The process to which an unfinished folder belongs, as the folder's name says it. Several processes may keep checkpoints in
 * one folder: what a living one has half written is no leftover.
 *
 * @param startedMs the process' start: process numbers come again
 */
record OwningProcess(long pid, long startedMs, String host) {
    /** Each process reckons starts from the clock as it is set when it begins. */
    private static final long CLOCK_MS = 10_000;

    static OwningProcess self() {
        ProcessHandle self = ProcessHandle.current();
        return new OwningProcess(self.pid(), started(self), thisHost());
    }

    private static long started(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private static String thisHost() {
        try {
            return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9-]", "_");
        } catch (IOException e) {
            return "localhost";
        }
    }

    /** The end of a name of a folder of this process. */
    String mark() {
        return "." + pid + "-" + startedMs + "-" + host;
    }

    /**
     * Whether the process to which a folder belongs is known to be dead; true where its name has no mark. Of other hosts nothing
     * is known.
     */
    static boolean isDead(Path folder) {
        String name = folder.getFileName().toString();
        String[] parts = name.substring(name.lastIndexOf('.') + 1).split("-", 3);
        if (parts.length < 3 || !parts[0].matches("\\d{1,18}") || !parts[1].matches("\\d{1,18}")) {
            return true;
        }
        if (!parts[2].equals(thisHost())) {
            return false;
        }
        Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(parts[0]));
        return process.isEmpty() || Math.abs(started(process.get()) - Long.parseLong(parts[1])) > CLOCK_MS;
    }
}

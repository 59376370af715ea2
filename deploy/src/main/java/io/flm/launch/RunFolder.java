package io.flm.launch;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a run, held by one process at a time:
 *
 * <pre>
 * effective.conf   the configuration, each value with its origin; makes the folder a run's
 * metrics.jsonl    one line a step
 * flm.log          what happened
 * checkpoints/     see {@code io.flm.worker.checkpoint}
 * lock             locked by the process that trains; the system releases it however the process ends
 * </pre>
 */
final class RunFolder implements AutoCloseable {
    private static final String CONFIGURATION = "effective.conf";
    private static final String LOCK = "lock";

    private final Path path;
    private final FileChannel lock;
    private final boolean created;

    private RunFolder(Path path, FileChannel lock, boolean created) {
        this.path = path;
        this.lock = lock;
        this.created = created;
    }

    Path path() {
        return path;
    }

    Path configuration() {
        return configurationOf(path);
    }

    static Path configurationOf(Path folder) {
        return folder.resolve(CONFIGURATION);
    }

    Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    Path log() {
        return path.resolve("flm.log");
    }

    /** Whether a folder holds a run. */
    static boolean isRun(Path folder) {
        return Files.isRegularFile(configurationOf(folder));
    }

    /** The first of {@code runs/NAME-1}, {@code runs/NAME-2}, ... that does not exist. */
    static Path next(Path runs, String name) {
        for (int number = 1; ; number++) {
            Path folder = runs.resolve(name + "-" + number);
            if (!Files.exists(folder)) {
                return folder;
            }
        }
    }

    /** The run below {@code runs} that was worked on last. */
    static Optional<Path> newest(Path runs) {
        if (!Files.isDirectory(runs)) {
            return Optional.empty();
        }
        try (Stream<Path> folders = Files.list(runs)) {
            return folders.filter(RunFolder::isRun)
                    .max(Comparator.comparing((Path folder) ->
                                    folder.resolve("flm.log").toFile().lastModified())
                            .thenComparing(Comparator.naturalOrder()));
        } catch (IOException e) {
            throw new UserException(runs + ": cannot be read (" + e.getMessage() + "); give --run", e);
        }
    }

    /** Makes a folder for a new run, or takes an empty one. */
    static RunFolder create(Path folder) {
        if (isRun(folder)) {
            inUse(folder);
            throw new UserException(
                    folder + ": already holds a run; go on with it by --resume, or give another folder with --run");
        }
        boolean exists = Files.exists(folder);
        if (exists && !isEmptyButForLock(folder)) {
            throw new UserException(folder + ": is not empty, and not a run's; give another folder with --run");
        }
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            throw new UserException(folder + ": is or lies below a file, not a folder; give another with --run", e);
        } catch (IOException e) {
            throw new UserException(folder + ": cannot be made (" + reason(e) + "); give another folder with --run", e);
        }
        return lock(folder, !exists);
    }

    /** Takes the folder of a run that was interrupted. */
    static RunFolder resume(Path folder) {
        if (!isRun(folder)) {
            throw new UserException(folder + ": holds no run to go on with; leave --resume out to begin one");
        }
        return lock(folder, false);
    }

    /** Refuses a folder that a living process holds. */
    private static void inUse(Path folder) {
        lock(folder, false).close();
    }

    private static boolean isEmptyButForLock(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.allMatch(file -> file.endsWith(LOCK));
        } catch (NotDirectoryException e) {
            throw new UserException(folder + ": is a file; give a folder with --run", e);
        } catch (IOException e) {
            throw new UserException(folder + ": cannot be read (" + reason(e) + "); give another with --run", e);
        }
    }

    private static RunFolder lock(Path folder, boolean created) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock != null) {
                return new RunFolder(folder, channel, created);
            }
            channel.close();
        } catch (IOException e) {
            throw new UserException(folder + ": cannot be written (" + reason(e) + "); give another with --run", e);
        }
        throw new UserException(
                folder + ": another living process is training this run; wait for it, or give another with --run");
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this very process
        }
    }

    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "access denied";
        }
        return e instanceof FileSystemException file && file.getReason() != null
                ? file.getReason()
                : String.valueOf(e.getMessage());
    }

    /** Removes the folder again where this process made it and nothing was trained in it. */
    void discard() {
        close();
        if (!created) {
            return;
        }
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UserException(path + ": cannot be removed (" + reason(e) + ")", e);
        }
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new UserException(path + ": its lock cannot be released (" + reason(e) + ")", e);
        }
    }
}

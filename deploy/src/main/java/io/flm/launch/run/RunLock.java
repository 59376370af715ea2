package io.flm.launch.run;

import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.worker.checkpoint.CheckpointStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one run, locked while this is open. The lock is the operating system's, so it ends with the process, however
 * that ends.
 */
public final class RunLock implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final int MOST_OWNER_BYTES = 1024;

    /**
     * The folders that this process holds, by their real paths. Their lock files are opened by nobody else here: a system drops
     * all locks that a process has on a file as soon as any descriptor of that file is closed.
     */
    private static final Set<Path> HELD = new HashSet<>();

    private final Path folder;
    private final Path realFolder;
    private final FileChannel lockFile;

    private RunLock(Path folder, Path realFolder, FileChannel lockFile) {
        this.folder = folder;
        this.realFolder = realFolder;
        this.lockFile = lockFile;
    }

    /**
     * Locks a run's folder.
     *
     * @param resume whether an existing run is to be continued; otherwise the folder must be new or empty
     * @throws UserException where another process uses it, or it holds a run and {@code resume} is not given, or other files
     */
    public static RunLock open(Path folder, boolean resume) {
        try {
            if (resume && !Files.isDirectory(folder)) {
                throw new UserException(folder + ": no run there to resume; check --run, or leave --resume out");
            }
            if (!resume) {
                requireFree(folder);
            }
            boolean isNew = !Files.exists(folder);
            Files.createDirectories(folder);
            RunLock held = isNew ? lockNew(folder) : lock(folder);
            try {
                if (!resume) {
                    requireFree(folder); // Another process may have begun and ended a run in between.
                }
                return held;
            } catch (IOException | RuntimeException e) {
                held.close();
                throw e;
            }
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "no run can be kept there; choose another --run");
        }
    }

    /** Whether a process holds a run's folder at present, this one included. Where that cannot be seen, none does. */
    public static boolean isHeld(Path folder) {
        Path file = folder.resolve(LOCK);
        synchronized (HELD) {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                return false;
            }
            try {
                if (HELD.contains(folder.toRealPath())) {
                    return true;
                }
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    return channel.tryLock(0, Long.MAX_VALUE, true) == null;
                }
            } catch (IOException e) {
                return false;
            }
        }
    }

    /** A folder that cannot be locked is none of a run's, and goes again. */
    private static RunLock lockNew(Path folder) throws IOException {
        try {
            return lock(folder);
        } catch (IOException e) {
            String[] content = folder.toFile().list();
            if (content != null && content.length == 0) {
                Files.delete(folder);
            }
            throw e;
        }
    }

    private static RunLock lock(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        boolean isNew = !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (HELD) {
            Path realFolder = folder.toRealPath();
            if (HELD.contains(realFolder)) {
                throw inUse(folder, ProcessHandle.current().pid() + ", this one");
            }
            FileChannel channel = FileChannel.open( // a link there may lead to any file of this user's
                    file,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS);
            try {
                if (channel.tryLock() == null) {
                    String owner = new String(SmallFile.read(file, MOST_OWNER_BYTES), StandardCharsets.UTF_8).strip();
                    throw inUse(folder, owner.isEmpty() ? "(unknown)" : owner);
                }
                write(channel, pid, isNew ? file : null);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            HELD.add(realFolder);
            return new RunLock(folder, realFolder, channel);
        }
    }

    /** Says who holds the lock. Where even that has no room, a lock file that was made for it is deleted. */
    private static void write(FileChannel channel, byte[] pid, @Nullable Path newFile) throws IOException {
        try {
            channel.truncate(0).write(ByteBuffer.wrap(pid), 0);
        } catch (IOException e) {
            if (newFile != null) {
                Files.deleteIfExists(newFile);
            }
            throw e;
        }
    }

    private static UserException inUse(Path folder, String process) {
        return new UserException(
                folder + ": in use by process " + process + "; wait until it ends or stop it, or choose another --run");
    }

    private static void requireFree(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        if (!Files.isDirectory(folder)) {
            throw new UserException(folder + ": no folder; choose another --run");
        }
        try (Stream<Path> content = Files.list(folder)) {
            boolean used =
                    content.anyMatch(path -> !path.getFileName().toString().equals(LOCK));
            if (used && Files.isDirectory(folder.resolve(CheckpointStore.FOLDER))) {
                throw new UserException(
                        folder + ": holds a run already; continue it with --resume, or choose another --run");
            }
            if (used) {
                throw new UserException(folder + ": holds other files; choose another --run");
            }
        }
    }

    public Path path() {
        return folder;
    }

    public Path checkpoints() {
        return folder.resolve(CheckpointStore.FOLDER);
    }

    @Override
    public void close() {
        synchronized (HELD) {
            try {
                if (lockFile.isOpen()) { // not a second time: another one may hold the folder by now
                    HELD.remove(realFolder);
                    lockFile.close();
                }
            } catch (IOException e) {
                throw new UserException(folder.resolve(LOCK) + ": cannot be closed: " + e, e);
            }
        }
    }
}

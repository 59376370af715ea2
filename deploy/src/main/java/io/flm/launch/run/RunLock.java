package io.flm.launch.run;

import io.flm.data.SmallFile;
import io.flm.data.UserException;
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
import org.jspecify.annotations.Nullable;

/**
 * The lock of a run's folder, held while this is open: it keeps a second process from training there. It is the operating system's,
 * so it ends with the process, however that ends.
 */
public final class RunLock implements AutoCloseable {
    static final String NAME = "lock";
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

    /** Whether a process holds a run's folder at present, this one included. Where that cannot be seen, none does. */
    public static boolean isHeld(Path folder) {
        Path file = folder.resolve(NAME);
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

    /**
     * Locks a folder, which exists.
     *
     * @throws UserException where another process holds it, or this one
     */
    public static RunLock take(Path folder) throws IOException {
        return take(folder, "--run");
    }

    /**
     * The same.
     *
     * @param option by which another folder is chosen
     */
    public static RunLock take(Path folder, String option) throws IOException {
        Path file = folder.resolve(NAME);
        boolean isNew = !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (HELD) {
            Path realFolder = folder.toRealPath();
            if (HELD.contains(realFolder)) {
                throw inUse(folder, ProcessHandle.current().pid() + ", this one", option);
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
                    throw inUse(folder, owner.isEmpty() ? "(unknown)" : owner, option);
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

    private static UserException inUse(Path folder, String process, String option) {
        return new UserException(folder + ": in use by process " + process
                + "; wait until it ends or stop it, or choose another " + option);
    }

    /** What is locked. */
    public Path folder() {
        return folder;
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
                throw new UserException(folder.resolve(NAME) + ": cannot be closed: " + e, e);
            }
        }
    }
}

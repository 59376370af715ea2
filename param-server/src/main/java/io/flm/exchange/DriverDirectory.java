package io.flm.exchange;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.IoUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a process's transport buffers. A lock beside it is held while the process lives, and by the kernel released
 * when it dies: so each start finds the folders that killed processes have left, and removes them.
 */
final class DriverDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DriverDirectory.class);
    static final String PREFIX = "flm-exchange-";
    private static final String LOCK = ".lock";

    private final Path path;
    private final Path lockFile;
    private final FileChannel lock;

    private DriverDirectory(Path path, Path lockFile, FileChannel lock) {
        this.path = path;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /** Makes a folder's name that no living process has, once those of dead ones are gone. */
    static DriverDirectory open(Path parent) throws ExchangeException {
        try {
            removeLeftovers(parent);
            long pid = ProcessHandle.current().pid();
            for (int number = 0; ; number++) {
                Path path = parent.resolve(PREFIX + pid + "-" + number);
                Path lockFile = parent.resolve(PREFIX + pid + "-" + number + LOCK);
                FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                if (lock(channel)) {
                    return new DriverDirectory(path, lockFile, channel);
                }
                channel.close();
            }
        } catch (IOException e) {
            throw new ExchangeException(
                    parent + ": no folder for the exchange's buffers (" + e + "); set flm.exchange.directory", e);
        }
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // another node of this process
        }
    }

    private static void removeLeftovers(Path parent) throws IOException {
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(parent, PREFIX + "*" + LOCK)) {
            for (Path file : locks) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    if (lock(channel)) {
                        String name = file.getFileName().toString();
                        Path leftover = parent.resolve(name.substring(0, name.length() - LOCK.length()));
                        IoUtil.delete(leftover.toFile(), true);
                        Files.deleteIfExists(file);
                        LOG.info("removed the exchange's buffers of a process that died: {}", leftover);
                    }
                } catch (IOException e) {
                    LOG.debug("{} stays: {}", file, e.toString()); // another user's, or removed meanwhile
                }
            }
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        IoUtil.delete(path.toFile(), true);
        try {
            Files.deleteIfExists(lockFile);
            lock.close();
        } catch (IOException e) {
            LOG.warn("{} stays: {}", lockFile, e.toString());
        }
    }
}

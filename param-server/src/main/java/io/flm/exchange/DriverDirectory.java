package io.flm.exchange;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

    /** Lock files of this process: a process loses its locks of a file as soon as it closes any of the file's channels. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path lockFile;
    private final FileChannel lock;

    private DriverDirectory(Path path, Path lockFile, FileChannel lock) {
        this.path = path;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /** Makes a folder's name that no living process has, once those of dead ones are gone. */
    static synchronized DriverDirectory open(Path parent) throws ExchangeException {
        try {
            removeLeftovers(parent);
            for (int number = 0; ; number++) {
                Path path = parent.resolve(PREFIX + ProcessHandle.current().pid() + "-" + number);
                Path lockFile = Path.of(path + LOCK);
                if (OWN.contains(lockFile)) {
                    continue;
                }
                FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                // Whoever looked at the file before it was locked may have removed it.
                if (channel.tryLock() != null && Files.exists(lockFile)) {
                    OWN.add(lockFile);
                    return new DriverDirectory(path, lockFile, channel);
                }
                channel.close();
            }
        } catch (IOException e) {
            throw new ExchangeException(
                    parent + ": no folder for the exchange's buffers (" + e + "); set flm.exchange.directory", e);
        }
    }

    private static void removeLeftovers(Path parent) throws IOException {
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(parent, PREFIX + "*" + LOCK)) {
            for (Path file : locks) {
                if (OWN.contains(file)) {
                    continue;
                }
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    if (channel.tryLock() != null) {
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
        OWN.remove(lockFile);
    }
}

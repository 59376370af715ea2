package io.flm.exchange;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a process's transport buffers. Everybody may write to {@code /dev/shm}, so all of a user's processes keep theirs in
 * one folder that nobody else can look into, and that is not used unless it is the user's own: gradients are not for others to
 * read, and no link that others have planted is ever followed.
 *
 * <p>A lock beside a process's folder is held while the process lives, and by the kernel released when it dies: so each start finds
 * the folders that killed processes of the same user have left, and removes them.
 */
final class DriverDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DriverDirectory.class);
    private static final String PREFIX = "flm-exchange-";
    private static final String LOCK = ".lock";
    private static final FileAttribute<Set<PosixFilePermission>> OWNERS_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    static final FileAttribute<Set<PosixFilePermission>> OWNERS_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    // Of a file's mode, as Unix has it.
    private static final int PERMISSIONS = 0777;
    private static final int OTHERS_WRITE = 0002;
    private static final int STICKY = 01000;
    private static final int TYPE = 0170000;
    private static final int TYPE_FOLDER = 0040000;
    private static final int TYPE_LINK = 0120000;

    /** The process that removes the last folder removes the user's too, perhaps while another process starts. */
    private static final int MOST_ATTEMPTS = 10;

    /** Lock files of this process: a process loses its locks of a file as soon as it closes any of the file's channels. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Path path;
    private final Path lockFile;
    private final FileChannel lock;

    private DriverDirectory(Path folder, Path path, Path lockFile, FileChannel lock) {
        this.folder = folder;
        this.path = path;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /** Makes a folder that no living process has, once those of dead ones are gone. */
    static synchronized DriverDirectory open(Path parent) throws ExchangeException {
        return open(parent, new UnixSystem().getUid());
    }

    static synchronized DriverDirectory open(Path parent, long user) throws ExchangeException {
        try {
            for (int attempt = 1; ; attempt++) {
                try {
                    Path folder = usersFolder(parent, user);
                    removeLeftovers(folder);
                    return make(folder);
                } catch (NoSuchFileException e) {
                    if (attempt == MOST_ATTEMPTS) {
                        throw e;
                    }
                }
            }
        } catch (IOException e) {
            throw new ExchangeException(
                    parent + ": no folder for the exchange's buffers (" + e + "); set flm.exchange.directory", e);
        }
    }

    /** The one folder of all of the user's processes, which is made unless it is there. */
    private static Path usersFolder(Path parent, long user) throws IOException, ExchangeException {
        long open = number(Files.readAttributes(parent, "unix:mode"), "mode");
        if ((open & OTHERS_WRITE) != 0 && (open & STICKY) == 0) {
            throw new ExchangeException(
                    parent + ": everybody may replace what is in it: set its sticky bit (chmod +t), or set"
                            + " flm.exchange.directory");
        }
        Path folder = parent.resolve(PREFIX + user);
        try {
            Files.createDirectory(folder, OWNERS_FOLDER);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("{}: another process has made it, of whatever user", folder);
        }
        Map<String, Object> found = Files.readAttributes(folder, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
        String wrong = wrong((int) number(found, "mode"), number(found, "uid"), user);
        if (wrong != null) {
            throw new ExchangeException(folder + ": " + wrong
                    + ", so that others may have made what is in it; have it removed, or set flm.exchange.directory");
        }
        return folder;
    }

    private static @Nullable String wrong(int mode, long owner, long user) {
        if ((mode & TYPE) == TYPE_LINK) {
            return "is a link";
        }
        if ((mode & TYPE) != TYPE_FOLDER) {
            return "is no folder";
        }
        if (owner != user) {
            return "belongs to user " + owner + ", not to this one (" + user + ")";
        }
        int permissions = mode & PERMISSIONS;
        return permissions == 0700 ? null : String.format("has mode %03o instead of 700", permissions);
    }

    private static long number(Map<String, Object> attributes, String name) {
        return ((Number) Objects.requireNonNull(attributes.get(name), name)).longValue();
    }

    private static DriverDirectory make(Path folder) throws IOException {
        for (int number = 0; ; number++) {
            Path path = folder.resolve(ProcessHandle.current().pid() + "-" + number);
            Path lockFile = Path.of(path + LOCK);
            if (OWN.contains(lockFile)) {
                continue;
            }
            FileChannel channel = FileChannel.open(
                    lockFile,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    OWNERS_FILE);
            // Another process that looked at the file before it was locked may have removed it.
            if (channel.tryLock() != null && Files.exists(lockFile, LinkOption.NOFOLLOW_LINKS)) {
                OWN.add(lockFile);
                DriverDirectory made = new DriverDirectory(folder, path, lockFile, channel);
                try {
                    delete(path); // of a process of this id that lost its lock file
                    Files.createDirectory(path, OWNERS_FOLDER);
                } catch (IOException e) {
                    made.close();
                    throw e;
                }
                return made;
            }
            channel.close();
        }
    }

    private static void removeLeftovers(Path folder) throws IOException {
        try (DirectoryStream<Path> locks = Files.newDirectoryStream(folder, "*" + LOCK)) {
            for (Path file : locks) {
                if (OWN.contains(file)) {
                    continue;
                }
                try (FileChannel channel =
                        FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                    if (channel.tryLock() != null) {
                        String name = file.getFileName().toString();
                        Path leftover = folder.resolve(name.substring(0, name.length() - LOCK.length()));
                        delete(leftover);
                        Files.deleteIfExists(file);
                        LOG.info("removed the exchange's buffers of a process that died: {}", leftover);
                    }
                } catch (IOException e) {
                    LOG.debug("{} stays: {}", file, e.toString()); // removed meanwhile, or no lock of this program
                }
            }
        }
    }

    /** Deletes what is there, and of a link the link. */
    private static void delete(Path what) throws IOException {
        if (!Files.exists(what, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(what, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) { // another process removes it too
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) throws IOException {
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Of this process. */
    Path path() {
        return path;
    }

    /** Of all of the user's processes. */
    Path users() {
        return folder;
    }

    /** Aeron's own, which it makes. */
    Path aeron() {
        return path.resolve("aeron");
    }

    @Override
    public void close() {
        try {
            delete(path);
            Files.deleteIfExists(lockFile);
            lock.close();
        } catch (IOException e) {
            LOG.warn("{} stays: {}", path, e.toString());
        }
        OWN.remove(lockFile);
        try {
            Files.deleteIfExists(users());
        } catch (IOException e) {
            LOG.debug("{} stays: {}", users(), e.toString()); // other processes of the user are there
        }
    }
}

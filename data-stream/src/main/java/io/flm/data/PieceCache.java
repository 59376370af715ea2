package io.flm.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pieces of files on servers, kept in a folder that all processes of a machine may share, also after they ended. Each piece is a file of
 * its own, which is there as a whole or not at all, and begins with its checksum; one that does not fit is as one that is not there.
 *
 * <p>Together they stay below a number of bytes, as far as a process knows: it counts what it adds, and looks at the folder now and then,
 * where others add, too. Before the bound is reached one of them deletes what its order needs last, and of files that it does not know what was
 * fetched longest ago ({@link PieceCensus}); at the bound nothing is kept.
 */
final class PieceCache {
    /** A read of a sample fetches all pieces that it touches. Smaller: less for nothing, more requests. */
    static final int PIECE = 256 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(PieceCache.class);
    private static final int HEADER = 4;
    private static final String END = ".piece";

    private static final Executor CLEANER =
            new ThreadPoolExecutor(0, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                Thread thread = new Thread(task, "flm-cache");
                thread.setDaemon(true);
                return thread;
            });

    private final Path folder;
    private final long mostBytes;
    private final Executor cleaner;
    private final AtomicLong added = new AtomicLong(); // since the folder was looked at
    private final AtomicLong begun = new AtomicLong(); // bytes of pieces that this process began to write, ever
    private final AtomicLong done = new AtomicLong(); // and of those that it wrote
    private volatile Counted counted = new Counted(0, 0);
    private boolean looked;
    private final Map<String, LongSupplier> expected = new ConcurrentHashMap<>();
    private final AtomicBoolean told = new AtomicBoolean();

    /**
     * What lay in the folder when it was looked at.
     *
     * @param done what was written before that look began: what was begun and is not in it may have been missed, and counts beside it
     */
    private record Counted(long bytes, long done) {}

    /**
     * A folder's; it is made where the first piece comes.
     *
     * @param mostBytes of all its pieces
     */
    PieceCache(Path folder, long mostBytes) {
        this(folder, mostBytes, CLEANER);
    }

    PieceCache(Path folder, long mostBytes, Executor cleaner) {
        this.folder = folder;
        this.mostBytes = mostBytes;
        this.cleaner = cleaner;
    }

    /** A piece of a file; null: it is not here. */
    byte @Nullable [] get(String file, long number, int sizeBytes) {
        Path path = path(file, number);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() != HEADER + sizeBytes) {
                return null;
            }
            ByteBuffer bytes = ByteBuffer.allocate(HEADER + sizeBytes);
            OpenFiles.fill(channel, bytes, 0);
            byte[] piece = new byte[sizeBytes];
            bytes.flip().position(HEADER).get(piece);
            if (bytes.getInt(0) != checksum(piece)) {
                LOG.warn("{}: damaged, and fetched anew", path);
                delete(path);
                return null;
            }
            return piece;
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            LOG.debug("a piece that cannot be read is fetched anew", e);
            return null;
        }
    }

    /** Keeps a piece; where that fails, the piece is fetched again the next time. */
    void put(String file, long number, byte[] piece) {
        if (!hasRoom(HEADER + piece.length)) {
            return;
        }
        Path path = path(file, number);
        try {
            Files.createDirectories(folder.resolve(file));
            byte[] content = ByteBuffer.allocate(HEADER + piece.length)
                    .putInt(checksum(piece))
                    .put(piece)
                    .array();
            WholeFile.put(content, path, END);
        } catch (IOException e) {
            if (told.compareAndSet(false, true)) {
                LOG.warn(
                        "{}",
                        WriteErrors.of(path, e, "name another flm.data.remote.cache-folder")
                                .getMessage());
            }
        } finally {
            done.addAndGet(HEADER + piece.length);
        }
    }

    /** Whether so many bytes more stay below the bound, as far as this process knows; the folder is looked at now and then. */
    private boolean hasRoom(int bytes) {
        synchronized (this) {
            if (!looked) {
                looked = true;
                clean(); // what earlier runs left
            }
        }
        if (added.addAndGet(bytes) >= mostBytes / 32) {
            added.set(0);
            cleaner.execute(this::clean);
        }
        Counted known = counted;
        if (known.bytes + begun.addAndGet(bytes) - known.done > mostBytes) {
            begun.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    private static int checksum(byte[] piece) {
        CRC32C checksum = new CRC32C();
        checksum.update(piece);
        return (int) checksum.getValue();
    }

    private Path path(String file, long number) {
        return folder.resolve(file).resolve(number + END);
    }

    /** Tells when a file is needed next, in places of an order; of a file of which nobody says so the pieces go by age. */
    void expect(String file, LongSupplier placesUntil) {
        expected.put(file, placesUntil);
    }

    /** Counts what is there, and once nine tenths are reached deletes down to four fifths. */
    private void clean() {
        try {
            if (!Files.isDirectory(folder)) { // a link to one is taken, too
                Files.createDirectories(folder);
            }
            PieceCensus census = new PieceCensus(Map.copyOf(expected));
            long before = done.get();
            eachPiece(census::add);
            counted = new Counted(census.bytes(), before);
            if (census.bytes() <= mostBytes / 10 * 9) {
                return;
            }
            try (FileChannel lock = FileChannel.open(
                            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock alone = lock.tryLock()) {
                if (alone != null) { // else another process is at it
                    counted = new Counted(left(census), before);
                }
            }
        } catch (OverlappingFileLockException e) {
            LOG.debug("another run of this process is at it", e);
        } catch (IOException e) {
            if (told.compareAndSet(false, true)) {
                LOG.warn("{}: cannot be cleaned ({}); look at its permissions", folder, FileErrors.reason(e));
            }
        }
    }

    /** Deletes what a census gives up; returns what is left, in bytes. */
    private long left(PieceCensus census) throws IOException {
        PieceCensus.GivenUp givenUp = census.giveUp(census.bytes() - mostBytes / 10 * 8);
        long[] left = {census.bytes()};
        eachPiece((path, attributes) -> {
            if (givenUp.contains(path, attributes)) {
                delete(path);
                left[0] -= attributes.size();
            }
        });
        return left[0];
    }

    private void eachPiece(BiConsumer<Path, BasicFileAttributes> action) throws IOException {
        Path itself = folder.toRealPath(); // it may be a link to a larger disk
        Files.walkFileTree(itself, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && file.toString().endsWith(END)) {
                    action.accept(file, attributes);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                return FileVisitResult.CONTINUE; // deleted meanwhile
            }
        });
    }

    private static void delete(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.debug("stays", e);
        }
    }
}

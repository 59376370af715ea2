package io.flm.data;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens tar files, on disks and on servers. What a shard holds is read from its table of contents if there is one that fits:
 * beside the shard, or in the cache's folder; else it is found by a pass over the shard. Which of them it was is not seen in the result.
 */
final class TarFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TarFiles.class);

    /** Of a table on a server, and a sixteenth of its shard: some of them are in memory at a time. */
    private static final long MOST_REMOTE_BYTES = 64L << 20;

    private static final long LEAST_REMOTE_BYTES = 64L << 10;

    private final RemoteSettings settings;
    private final boolean believesTables;
    private final boolean unpacks;
    private final OpenFiles files = new OpenFiles();
    private final Unpacked unpacked = new Unpacked();
    private final @Nullable PieceCache pieces;
    private @Nullable RemoteFiles servers;

    private @Nullable ExecutorService threads; // that open some ahead of their turn
    private List<Path> coming = List.of();
    private int next;
    private final List<@Nullable Future<Opened>> begun = new ArrayList<>();

    /** To read samples. */
    TarFiles(RemoteSettings settings) {
        this(settings, true, true);
    }

    private TarFiles(RemoteSettings settings, boolean believesTables, boolean unpacks) {
        this.settings = settings;
        this.believesTables = believesTables;
        this.unpacks = unpacks;
        this.pieces = settings.cacheBytes() == 0
                ? null
                : new PieceCache(CacheFolder.pieces(settings.cacheFolder().orElseThrow()), settings.cacheBytes());
    }

    /**
     * To write tables of contents, which there are none of for packed shards.
     *
     * @param anew whether tables that are there already are passed over
     */
    static TarFiles forTables(RemoteSettings settings, boolean anew) {
        return new TarFiles(settings, !anew, false);
    }

    /**
     * A shard that is open.
     *
     * @param bytes of the tar file, unpacked
     * @param identity of the file; of what is unpacked it says nothing
     * @param contents nothing, where it is packed and none are wanted
     */
    record Opened(Path path, Bytes bytes, ShardIdentity identity, boolean packed, ShardContents contents) {}

    /** Begins to open those on servers that {@link #open} will be asked for in this order, some at a time. */
    void ahead(List<Path> paths) {
        coming = List.copyOf(paths);
        next = 0;
        begun.clear();
        if (threads == null && coming.stream().anyMatch(RemotePath::isRemote)) {
            threads = Executors.newFixedThreadPool(settings.connections(), task -> {
                Thread thread = new Thread(task, "flm-open");
                thread.setDaemon(true);
                return thread;
            });
        }
    }

    /** Opens a tar file. One thread asks, in the order that it told before. */
    Opened open(Path path) {
        if (next == coming.size() || !coming.get(next).equals(path)) {
            return opened(path);
        }
        while (threads != null && begun.size() < Math.min(coming.size(), next + settings.connections())) {
            Path other = coming.get(begun.size());
            begun.add(RemotePath.isRemote(other) ? threads.submit(() -> opened(other)) : null);
        }
        Future<Opened> future = threads == null ? null : begun.set(next, null);
        next++;
        return future == null ? opened(path) : awaited(future);
    }

    private static Opened awaited(Future<Opened> opened) {
        try {
            return opened.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new InterruptedIOException("interrupted while shards were opened"));
        }
    }

    private Opened opened(Path path) {
        try {
            return RemotePath.isRemote(path) ? remote(path) : local(path);
        } catch (IOException e) {
            throw FileErrors.opening(path, e);
        }
    }

    private Opened local(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        Bytes bytes = files.file(path, attributes);
        if (bytes.size() == 0) {
            throw new UserException(path + ": an empty file, of 0 bytes; fetch it again, or leave it out");
        }
        ShardIdentity identity = ShardIdentity.ofFile(attributes.size(), attributes.lastModifiedTime());
        if (isPacked(bytes)) {
            return packed(path, bytes, identity);
        }
        Path index = beside(path);
        ShardContents known = believesTables ? read(index, identity, IndexFile.MOST_BYTES) : null;
        return new Opened(path, bytes, identity, false, known != null ? known : pass(path, bytes));
    }

    private Opened remote(Path path) throws IOException {
        URI url = RemotePath.uri(path);
        RemoteFiles.RemoteFile file;
        try {
            file = servers().open(url);
        } catch (BrokenShard e) {
            return gone(path, e);
        }
        if (isPacked(file)) {
            return packed(path, new ReadAhead(file), file.identity());
        }
        Bytes bytes = kept(path, file, file.identity());
        ShardContents known = believesTables ? remoteTable(path, url, file.identity()) : null;
        if (known == null) {
            known = pass(path, new ReadAhead(bytes));
            keep(path, known, file.identity());
        }
        return new Opened(path, bytes, file.identity(), false, known);
    }

    /** What is read of a shard that is not there any more. */
    private record Gone(long size, BrokenShard why) implements Bytes {
        @Override
        public void read(ByteBuffer into, long position) {
            throw why;
        }
    }

    /** A shard that is gone: if the cache knows what it held, a run that leaves it out goes on. */
    private Opened gone(Path path, BrokenShard why) throws IOException {
        Path cached = cached(path);
        if (!unpacks || cached == null || !Files.exists(cached)) {
            throw why;
        }
        try {
            IndexFile.Kept kept = IndexFile.kept(SmallFile.read(cached, IndexFile.MOST_BYTES));
            ShardIdentity identity = kept.identity();
            LOG.warn("{}; what it held is known from {}", why.getMessage(), cached);
            Bytes bytes = kept(path, new Gone(identity.sizeBytes(), why), identity);
            return new Opened(path, bytes, identity, false, kept.contents());
        } catch (IndexFile.Unfit | IOException e) {
            why.addSuppressed(e);
            throw why;
        }
    }

    /** A file on a server, of which pieces are kept, if there is a cache and something that would tell other bytes. */
    private Bytes kept(Path path, Bytes file, ShardIdentity identity) {
        if (pieces == null || !identity.isMarked()) {
            return file;
        }
        String all = RemotePath.url(path.toString()) + "\n" + identity.sizeBytes() + "\n" + identity.etag() + "\n"
                + identity.changed();
        return new CachedBytes(file, pieces, Sha256.of(all.getBytes(StandardCharsets.UTF_8)));
    }

    private Opened packed(Path path, Bytes bytes, ShardIdentity identity) throws IOException {
        if (!unpacks) {
            ShardContents nothing = new ShardContents(new ShardTable.Builder().build(), new LeftOut(), new LeftOut());
            return new Opened(path, bytes, identity, true, nothing);
        }
        Bytes tar = unpacked.unpack(RemotePath.shown(path), bytes);
        return new Opened(path, tar, identity, true, pass(path, tar));
    }

    private static ShardContents pass(Path path, Bytes tar) throws IOException {
        try {
            return ShardContents.of(tar);
        } catch (ShardContents.NoTar e) {
            String kind = FileErrors.kind(tar); // only now: a tar's first name may be par1.png
            if (kind.isEmpty()) {
                throw e.damage();
            }
            throw new UserException(RemotePath.shown(path) + ": " + kind, e);
        }
    }

    private static boolean isPacked(Bytes bytes) throws IOException {
        ByteBuffer first = ByteBuffer.allocate((int) Math.min(2, bytes.size()));
        bytes.read(first, 0);
        return first.capacity() == 2 && first.getShort(0) == 0x1f8b;
    }

    /** Where the table of contents of a shard on a disk lies. */
    static Path beside(Path shard) {
        return shard.resolveSibling(RemotePath.name(shard) + IndexFile.END);
    }

    /** Where the cache keeps that of a shard on a server, whose query may say which one is meant; null: there is no cache. */
    @Nullable Path cached(Path shard) {
        byte[] url = RemotePath.url(shard.toString()).getBytes(StandardCharsets.UTF_8);
        return settings.cacheFolder()
                .map(folder -> folder.resolve(Sha256.of(url) + IndexFile.END))
                .orElse(null);
    }

    /** The table of contents in a file; null: there is none, or none that fits, which is told. */
    static @Nullable ShardContents read(Path file, ShardIdentity identity, int mostBytes) {
        try {
            return IndexFile.read(SmallFile.read(file, mostBytes), identity);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            LOG.warn("{}: cannot be read ({}); the shard is read in its stead", file, FileErrors.reason(e));
        } catch (IndexFile.Unfit e) {
            LOG.warn(
                    "{}: {}; the shard is read in its stead{}",
                    file,
                    e.getMessage(),
                    identity.isMarked() ? "; flm data index writes it anew" : "");
        }
        return null;
    }

    private @Nullable ShardContents remoteTable(Path path, URI url, ShardIdentity identity) {
        Path cached = cached(path);
        ShardContents known = cached == null ? null : read(cached, identity, IndexFile.MOST_BYTES);
        if (known != null || url.getRawQuery() != null) { // a signature is for one file
            return known;
        }
        long most = Math.min(MOST_REMOTE_BYTES, identity.sizeBytes() / 16 + LEAST_REMOTE_BYTES);
        try {
            RemoteFiles.RemoteFile file = servers().open(URI.create(url + IndexFile.END));
            if (file.size() > most) {
                LOG.warn("{}: its table of contents has {} bytes and is not read", RemotePath.shown(url), file.size());
                return null;
            }
            ByteBuffer index = ByteBuffer.allocate((int) file.size());
            file.read(index, 0);
            known = IndexFile.read(index.array(), identity);
            keep(path, known, identity);
        } catch (UserException e) {
            LOG.debug("no table of contents", e);
        } catch (InterruptedIOException e) {
            LOG.debug("no longer wanted", e); // the pass over the shard says so, too
        } catch (IndexFile.Unfit | IOException e) {
            LOG.warn("{}{}: {}; the shard is read in its stead", RemotePath.shown(url), IndexFile.END, e.getMessage());
        }
        return known;
    }

    /** For the next time. */
    private void keep(Path shard, ShardContents contents, ShardIdentity identity) {
        Path cached = cached(shard);
        if (cached == null || !identity.isMarked()) { // one that nothing would tell from another's
            return;
        }
        try {
            IndexFile.put(IndexFile.of(contents, identity, RemotePath.shown(shard)), cached);
        } catch (UserException e) {
            LOG.warn("{}", e.getMessage());
        } catch (IOException e) {
            LOG.warn(
                    "{}",
                    WriteErrors.of(cached, e, "name another flm.data.remote.cache-folder")
                            .getMessage());
        }
    }

    private synchronized RemoteFiles servers() {
        RemoteFiles known = servers;
        if (known == null) {
            settings.cacheFolder().ifPresent(CacheFolder::require);
            known = new RemoteFiles(settings);
            servers = known;
        }
        return known;
    }

    /** How many reads are worth to run side by side: more than one where shards are on servers. */
    synchronized int parallelReads() {
        return servers == null ? 1 : settings.connections();
    }

    private synchronized void closeServers() {
        if (servers != null) {
            servers.close();
        }
    }

    @Override
    public void close() {
        if (threads != null) {
            threads.shutdownNow();
        }
        closeServers();
        try (files;
                unpacked) {
            // both, whatever becomes of the other
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

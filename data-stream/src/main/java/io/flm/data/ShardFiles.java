package io.flm.data;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the shards of a data set share: few open files, tar files on disks and servers, and the count of what is in no sample. */
public final class ShardFiles implements AutoCloseable {
    private final OpenFiles open = new OpenFiles();
    private final TarFiles tars;
    private final LeftOut leftOut = new LeftOut();
    private final List<Closeable> more = new ArrayList<>();
    private final List<PictureSource> pictures = new ArrayList<>();

    /** Of files on disks. */
    public ShardFiles() {
        this(RemoteSettings.defaults());
    }

    /**
     * Of files on servers, too.
     *
     * @param remote how these are read
     */
    public ShardFiles(RemoteSettings remote) {
        this.tars = new TarFiles(remote);
    }

    /** Opens a file of a data set as a shard. */
    @FunctionalInterface
    public interface Opener {
        /**
         * Opens.
         *
         * @param label what messages call the shard
         * @throws UserException where the file is none of the kind, in one line that says what it is
         */
        Shard open(Path file, String label, ShardFiles files);
    }

    /** A file that must be there, and a regular one; see {@link OpenFiles#file}. */
    public Bytes file(Path path) throws IOException {
        if (RemotePath.isRemote(path)) {
            throw new UserException(RemotePath.shown(path) + ": of files on servers only tar files are read; fetch it");
        }
        return open.file(path);
    }

    /** Begins to open tar files on servers that will be asked for in this order. */
    void ahead(List<Path> paths) {
        tars.ahead(paths);
    }

    /** A tar file, wherever it lies. */
    TarFiles.Opened tar(Path path) {
        return tars.open(path);
    }

    /** How many reads are worth to run side by side. */
    int parallelReads() {
        return pictures.stream().mapToInt(PictureSource::parallelReads).reduce(tars.parallelReads(), Math::max);
    }

    /** Gets what is in no sample. */
    public LeftOut leftOut() {
        return leftOut;
    }

    /** Closes what a shard alone holds open when all are closed. */
    public void closeToo(Closeable held) {
        more.add(held);
    }

    /** Closes pictures that a shard takes from elsewhere when all are closed. */
    public void closeToo(PictureSource source) {
        more.add(source::close);
        pictures.add(source);
    }

    /** Closes all, whatever becomes of one of them. */
    @Override
    public void close() throws IOException {
        try (open;
                tars) {
            IOException failure = null;
            for (Closeable held : more) {
                failure = closed(held, failure);
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static @Nullable IOException closed(Closeable held, @Nullable IOException before) {
        try {
            held.close();
            return before;
        } catch (IOException e) {
            if (before != null) {
                e.addSuppressed(before);
            }
            return e;
        }
    }
}

package io.flm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Writes tables of contents of shards, so that they are opened without a pass over their bytes. */
public final class ShardIndex {
    private ShardIndex() {}

    /** What became of a shard's table. */
    public enum State {
        WRITTEN,
        /** It was there, and is of these bytes. */
        KEPT,
        /** There is none: the shard is packed, and its samples are reached by unpacking it all. */
        PACKED,
        /** There is none: nothing but the shard's size would tell its bytes from others. */
        UNMARKED
    }

    /**
     * A table of contents.
     *
     * @param shard for messages
     * @param file where it lies; empty: nowhere
     * @param samples pictures with captions
     * @param pictures all of them
     * @param fileBytes of the file
     * @param memoryBytes what a process holds of it for all pictures
     */
    public record Written(
            String shard,
            State state,
            Optional<Path> file,
            long samples,
            long pictures,
            long fileBytes,
            long memoryBytes) {}

    /**
     * Writes a table for each shard.
     *
     * @param paths as {@code --data} takes them
     * @param folder where to; empty: beside each shard, or in the cache's folder for those on servers
     * @param anew whether tables that fit are written again
     * @throws UserException where a shard cannot be read, or a file not be written
     */
    public static void write(
            List<Path> paths, RemoteSettings remote, Optional<Path> folder, boolean anew, Consumer<Written> each) {
        if (paths.isEmpty()) {
            throw new UserException("no data: give tar files, or folders of them");
        }
        DataPaths given = DataPaths.of(paths, remote);
        List<Path> shards = ShardPaths.files(given.paths(), new LeftOut()).stream()
                .filter(shard -> !hasRows(shard))
                .toList();
        if (shards.isEmpty()) {
            throw new UserException(
                    RemotePath.shown(paths) + ": hold no .tar, and no other file needs a table of contents");
        }
        Set<Path> files = new HashSet<>();
        try (TarFiles opener = TarFiles.forTables(given.remote(), anew)) {
            for (Path shard : shards) { // before the first is read: all of them may take hours
                if (!files.add(file(shard, folder, opener))) {
                    throw new UserException(RemotePath.shown(shard)
                            + ": is given twice, or another shard of its name is; give them apart");
                }
            }
            opener.ahead(shards);
            for (Path shard : shards) {
                each.accept(written(opened(opener, shard, given), file(shard, folder, opener), anew));
            }
        }
    }

    private static TarFiles.Opened opened(TarFiles opener, Path shard, DataPaths given) {
        try {
            return opener.open(shard);
        } catch (UserException e) {
            throw given.at(shard, e);
        }
    }

    /** Arrow and Parquet files have tables of contents of their own. */
    private static boolean hasRows(Path shard) {
        String name = RemotePath.name(shard).toLowerCase(Locale.ROOT);
        return name.endsWith(".arrow") || name.endsWith(".parquet");
    }

    private static Path file(Path shard, Optional<Path> folder, TarFiles opener) {
        if (folder.isPresent()) {
            return folder.get().resolve(RemotePath.name(shard) + IndexFile.END);
        }
        if (!RemotePath.isRemote(shard)) {
            return TarFiles.beside(shard);
        }
        Path cached = opener.cached(shard);
        if (cached == null) {
            throw new UserException(
                    RemotePath.shown(shard)
                            + ": no table can be written beside it; give --out FOLDER, or --set flm.data.remote.cache-folder=FOLDER");
        }
        return cached;
    }

    private static Written written(TarFiles.Opened shard, Path file, boolean anew) {
        String shown = RemotePath.shown(shard.path());
        if (shard.packed()) {
            return new Written(shown, State.PACKED, Optional.empty(), 0, 0, 0, 0);
        }
        ShardTable table = shard.contents().table();
        int samples = table.captioned().size();
        if (!shard.identity().isMarked()) {
            return new Written(shown, State.UNMARKED, Optional.empty(), samples, table.size(), 0, table.sizeBytes());
        }
        byte[] index = IndexFile.of(shard.contents(), shard.identity(), shown);
        boolean kept = !anew && fits(file, shard.identity());
        if (!kept) {
            try {
                Path parent = file.toAbsolutePath().getParent();
                if (parent != null) {
                    Files.createDirectories(parent);
                }
                IndexFile.put(index, file);
            } catch (IOException e) {
                throw WriteErrors.of(file, e, "give a folder that can be written by --out");
            }
        }
        return new Written(
                shown,
                kept ? State.KEPT : State.WRITTEN,
                Optional.of(file),
                samples,
                table.size(),
                index.length,
                table.sizeBytes());
    }

    private static boolean fits(Path file, ShardIdentity identity) {
        return TarFiles.read(file, identity, IndexFile.MOST_BYTES) != null;
    }
}

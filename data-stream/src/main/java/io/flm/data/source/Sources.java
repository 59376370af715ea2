package io.flm.data.source;

import io.flm.data.DataPaths;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.FileErrors;
import io.flm.data.PictureSource;
import io.flm.data.RemotePath;
import io.flm.data.RemoteSettings;
import io.flm.data.Shard;
import io.flm.data.ShardFiles;
import io.flm.data.SourceSettings;
import io.flm.data.Split;
import io.flm.data.UserException;
import io.flm.data.annotation.CaptionTable;
import io.flm.data.annotation.PicturePlaces;
import io.flm.data.arrow.ArrowShard;
import io.flm.data.parquet.ParquetColumns;
import io.flm.data.parquet.ParquetShard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Opens what {@code --data} names, each path by its kind, which the end of its name says: tar, Arrow and Parquet files, which have
 * pictures and captions, folders of them, and files of captions. Among paths with a file of captions, the tar files and folders are where its
 * pictures are, and what else they hold does not matter; without such a path they are in the folder that it lies in.
 */
public final class Sources {
    private static final Pattern JSON = Pattern.compile(".*\\.json(\\.gz)?");
    private static final Pattern CSV = Pattern.compile(".*\\.csv(\\.gz)?");
    private static final Pattern TSV = Pattern.compile(".*\\.tsv(\\.gz)?");
    private static final Pattern ARROW = Pattern.compile(".*\\.arrow");
    private static final Pattern PARQUET = Pattern.compile(".*\\.parquet");

    private Sources() {}

    /** Opens all samples to train on. */
    public static Dataset open(List<Path> paths) {
        return open(paths, Split.ALL);
    }

    /**
     * Opens samples.
     *
     * @param paths files of all kinds, folders, prefixes of buckets, lists, and names with braces that stand for several, in this order
     * @param split which of their samples are taken
     */
    public static Dataset open(List<Path> paths, Split split) {
        return open(paths, split, RemoteSettings.defaults());
    }

    /**
     * The same.
     *
     * @param remote how tar files on servers are read
     */
    public static Dataset open(List<Path> paths, Split split, RemoteSettings remote) {
        return open(paths, split, remote, ParquetColumns.USUAL);
    }

    /**
     * The same.
     *
     * @param columns of Parquet files
     */
    public static Dataset open(List<Path> paths, Split split, RemoteSettings remote, ParquetColumns columns) {
        Opening opening = new Opening(DataPaths.of(paths, remote), split, columns);
        return Dataset.open(opening.shards, split, opening.given.remote(), opening);
    }

    /**
     * Opens what is trained on: of a mixture each source by itself, so that a file of captions of one has nothing to do with the tar files
     * of another.
     *
     * @throws UserException also naming a source without samples
     */
    public static Dataset open(DataSettings data, Split split) {
        List<Opening> openings = openings(data, split);
        List<Dataset.Part> parts = openings.stream()
                .map(opening -> new Dataset.Part(opening.shards, opening))
                .toList();
        RemoteSettings remote =
                DataPaths.remote(openings.stream().map(opening -> opening.given).toList(), data.remote());
        Dataset all = Dataset.openParts(parts, split, remote);
        if (data.isMixture() && !split.heldOut()) { // of a small source none may be held out
            requireSamples(data, all);
        }
        return all;
    }

    private static List<Opening> openings(DataSettings data, Split split) {
        List<Opening> openings = new ArrayList<>();
        for (SourceSettings source : data.sources()) {
            try {
                openings.add(new Opening(DataPaths.of(source.paths(), data.remote()), split, ParquetColumns.USUAL));
            } catch (UserException e) {
                throw named(data, source, e);
            }
        }
        return openings;
    }

    private static UserException named(DataSettings data, SourceSettings source, UserException e) {
        return data.isMixture() ? new UserException("source " + source.name() + ": " + e.getMessage(), e) : e;
    }

    /** Counts samples; see {@link Dataset#count}. */
    public static Dataset.Counts count(List<Path> paths, Split split, long enough, RemoteSettings remote) {
        Opening opening = new Opening(DataPaths.of(paths, remote), split, ParquetColumns.USUAL);
        return Dataset.count(opening.shards, split, enough, opening.given.remote(), opening);
    }

    /** Counts the samples of all sources, each until there are enough of either kind. */
    public static Dataset.Counts count(DataSettings data, Split split, long enough) {
        long taken = 0;
        long left = 0;
        for (SourceSettings source : data.sources()) {
            try {
                Dataset.Counts counts = count(source.paths(), split, enough, data.remote());
                taken += counts.taken();
                left += counts.left();
            } catch (UserException e) {
                throw named(data, source, e);
            }
        }
        return new Dataset.Counts(taken, left);
    }

    private static void requireSamples(DataSettings data, Dataset all) {
        long[] sizes = all.sizes();
        for (int i = 0; i < sizes.length; i++) {
            if (sizes[i] == 0) {
                all.close();
                SourceSettings source = data.sources().get(i);
                throw new UserException("source " + source.name() + ": " + RemotePath.shown(source.paths())
                        + ": hold no sample to train on; give other data with --source " + source.name()
                        + "=PATH, or do without it");
            }
        }
    }

    /** Whether a path, which may stand for several, names files of captions. */
    private static boolean isTable(Path path) {
        return Dataset.expanded(path).stream()
                .anyMatch(file -> !Files.isDirectory(file) && (is(JSON, file) || is(CSV, file) || is(TSV, file)));
    }

    /** Whether it has pictures and captions as rows. */
    private static boolean isRows(Path file) {
        return is(ARROW, file) || is(PARQUET, file);
    }

    private static boolean is(Pattern kind, Path file) {
        return kind.matcher(RemotePath.name(file).toLowerCase(Locale.ROOT)).matches();
    }

    /** Opens files by their kind, and the pictures of tables once for all of these. */
    private static final class Opening implements ShardFiles.Opener {
        private final List<Path> shards = new ArrayList<>();
        private final List<Path> places = new ArrayList<>();
        private final DataPaths given;
        private final Split split;
        private final ParquetColumns columns;
        private @Nullable PicturePlaces pictures;
        private boolean begun;

        Opening(DataPaths given, Split split, ParquetColumns columns) {
            this.given = given;
            this.split = split;
            this.columns = columns;
            boolean tables = given.paths().stream().anyMatch(Sources::isTable);
            for (Path path : given.paths()) {
                (!tables || isTable(path) || isRows(path) ? shards : places).add(path);
            }
        }

        @Override
        public Shard open(Path file, String label, ShardFiles files) {
            if (!begun) {
                begun = true;
                files.leftOut().addAll(given.leftOut());
            }
            try {
                return opened(file, label, files);
            } catch (UserException e) {
                throw given.at(file, e);
            }
        }

        private Shard opened(Path file, String label, ShardFiles files) {
            if (RemotePath.isRemote(file) && (isTable(file) || isRows(file))) {
                throw new UserException(RemotePath.shown(file)
                        + ": of files on servers only tar files are read; fetch it, and give that");
            }
            if (is(JSON, file)) {
                return CaptionTable.ofJson(file, label, pictures(file, files), split.scored(), files);
            }
            if (is(CSV, file) || is(TSV, file)) {
                return CaptionTable.ofCsv(file, label, is(TSV, file) ? '\t' : ',', pictures(file, files), files);
            }
            if (is(PARQUET, file)) {
                return ParquetShard.open(file, label, columns, files);
            }
            return is(ARROW, file) ? ArrowShard.open(file, label, files) : Dataset.TAR.open(file, label, files);
        }

        private PicturePlaces pictures(Path table, ShardFiles files) {
            PicturePlaces opened = pictures;
            if (opened == null || places.isEmpty()) {
                List<Path> paths = places.isEmpty() ? List.of(folder(table)) : places;
                opened = PicturePlaces.open(paths, given.remote());
                PictureSource source = opened.source();
                files.closeToo(source);
                pictures = opened;
                if (!places.isEmpty()) { // beside a table lies all kinds of things
                    files.leftOut().addAll(source.leftOut());
                }
            }
            return opened;
        }

        /** Where a table really lies: by a link to it nobody sees pictures that he may not name. */
        private static Path folder(Path table) {
            try {
                Path folder = table.toRealPath().getParent();
                return folder == null ? table : folder; // of a root, which is no table
            } catch (IOException e) {
                throw FileErrors.opening(table, e);
            }
        }
    }
}

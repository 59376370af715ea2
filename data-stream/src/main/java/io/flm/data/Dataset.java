package io.flm.data;

import io.flm.data.ShardFiles.Opener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The samples of shards by index. The shards' tables of contents are read once; pictures and captions are read as they are asked for,
 * by any thread. Here shards are tar files; {@code io.flm.data.source.Sources} opens those of every kind.
 */
public final class Dataset implements PictureSource {
    /** Opens a tar file in WebDataset's form. */
    public static final Opener TAR = (file, label, files) -> TarShard.open(file, label, true, files);

    private final List<Shard> shards;
    private final List<Taken> taken; // of each shard's samples
    private final long[] firstIndex; // of each shard, and the end
    private final int[] sources; // the first shard of each, and the end
    private final String sha256;
    private final PictureKeys keys;
    private final ShardFiles files;

    /** Which of a shard's samples. */
    private record Taken(Shard shard, int @Nullable [] samples) {
        int size() {
            return samples == null ? shard.size() : samples.length;
        }

        /** Its number in the shard. */
        int at(long place) {
            return samples == null ? (int) place : samples[(int) place];
        }
    }

    /** A sample where it is. */
    private record Place(Shard shard, int sample) {}

    private Dataset(List<Shard> shards, int[] sources, Split split, ShardFiles files) {
        this.shards = shards;
        this.sources = sources;
        this.taken =
                shards.stream().map(shard -> new Taken(shard, split.of(shard))).toList();
        this.files = files;
        this.firstIndex = new long[shards.size() + 1];
        MessageDigest digest = Sha256.newDigest();
        for (int i = 0; i < shards.size(); i++) {
            firstIndex[i + 1] = firstIndex[i] + taken.get(i).size();
            shards.get(i).digest(digest);
        }
        if (sources.length > 2) { // of one source as it always was
            digest.update(Arrays.toString(sources).getBytes(StandardCharsets.US_ASCII));
        }
        this.sha256 = Sha256.hex(digest);
        this.keys = new PictureKeys(size(), this::key, this::name);
    }

    /** Opens tar files and takes all their samples. */
    public static Dataset open(List<Path> paths) {
        return open(paths, Split.ALL);
    }

    /** Opens tar files, those on servers as it is usual. */
    public static Dataset open(List<Path> paths, Split split) {
        return open(paths, split, RemoteSettings.defaults());
    }

    /** Opens tar files. */
    static Dataset open(List<Path> paths, Split split, RemoteSettings remote) {
        return open(paths, split, remote, TAR);
    }

    /**
     * Opens shards.
     *
     * @param paths {@code .tar}, {@code .tar.gz}, {@code .tgz} and {@code .arrow} files, folders of them, {@code https://} and {@code
     *     http://} addresses of tar files, and names with braces that stand for several, in this order
     * @param split which of their samples are taken
     * @param remote how those on servers are read
     * @param opener of each file
     */
    public static Dataset open(List<Path> paths, Split split, RemoteSettings remote, Opener opener) {
        return openParts(List.of(new Part(paths, opener)), split, remote);
    }

    /**
     * A source.
     *
     * @param opener of each of its files
     */
    public record Part(List<Path> paths, Opener opener) {}

    /** Opens the shards of several sources, one source after another. */
    public static Dataset openParts(List<Part> parts, Split split, RemoteSettings remote) {
        LeftOut leftOut = new LeftOut();
        List<Path> found = new ArrayList<>();
        List<Opener> openers = new ArrayList<>(); // of each file
        List<Path> paths = new ArrayList<>();
        int[] sources = new int[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            if (part.paths.isEmpty()) {
                throw new UserException("no data: give tar files, or folders of them");
            }
            paths.addAll(part.paths);
            found.addAll(ShardPaths.files(part.paths, leftOut));
            sources[i + 1] = found.size();
            openers.addAll(Collections.nCopies(found.size() - openers.size(), part.opener));
        }
        return open(found, leftOut, paths, sources, split, true, remote, openers);
    }

    /**
     * Opens tar files for their pictures, of which any may be without a caption; see {@link PictureSource#open}.
     *
     * @param found the tar files that {@code paths} stand for
     * @param leftOut what lies beside them
     * @param given says how those on servers are read, and which list names a file
     */
    static Dataset openPictures(List<Path> found, LeftOut leftOut, List<Path> paths, DataPaths given) {
        Opener opener = (file, label, files) -> {
            try {
                return TarShard.open(file, label, false, files);
            } catch (UserException e) {
                throw given.at(file, e);
            }
        };
        List<Opener> openers = Collections.nCopies(found.size(), opener);
        return open(found, leftOut, paths, new int[] {0, found.size()}, Split.ALL, false, given.remote(), openers);
    }

    /** Opens files that {@code paths} stand for. */
    private static Dataset open(
            List<Path> found,
            LeftOut leftOut,
            List<Path> paths,
            int[] sources,
            Split split,
            boolean captioned,
            RemoteSettings remote,
            List<Opener> openers) {
        ShardFiles files = new ShardFiles(remote);
        try {
            files.leftOut().addAll(leftOut);
            List<String> labels = ShardPaths.labels(found);
            files.ahead(found);
            List<Shard> shards = new ArrayList<>();
            for (int i = 0; i < found.size(); i++) {
                shards.add(openers.get(i).open(found.get(i), labels.get(i), files));
            }
            Dataset source = new Dataset(List.copyOf(shards), sources, split, files);
            requireSamples(source.inAll(), captioned, paths, files.leftOut());
            return source;
        } catch (RuntimeException e) {
            close(files);
            throw e;
        }
    }

    /** How many samples a split takes, and how many it leaves. */
    public record Counts(long taken, long left) {
        public long inAll() {
            return taken + left;
        }
    }

    /**
     * Counts samples of shards and keeps none of them open. It ends with the shard after which there are {@code enough} of either
     * kind: a thousand shards need not be read to know that something is held out.
     */
    public static Counts count(List<Path> paths, Split split, long enough, RemoteSettings remote, Opener opener) {
        ShardFiles files = new ShardFiles(remote);
        try {
            long taken = 0;
            long left = 0;
            List<Path> found = ShardPaths.files(paths, files.leftOut());
            files.ahead(found);
            for (Path file : found) {
                Shard shard = opener.open(file, RemotePath.shown(file), files);
                int its = split.count(shard);
                taken += its;
                left += shard.size() - its;
                if (taken >= enough && left >= enough) {
                    break;
                }
            }
            requireSamples(taken + left, true, paths, files.leftOut());
            return new Counts(taken, left);
        } finally {
            close(files);
        }
    }

    private static void requireSamples(long count, boolean captioned, List<Path> paths, LeftOut leftOut) {
        if (count == 0) {
            throw new UserException(RemotePath.shown(paths)
                    + (captioned
                            ? ": hold no sample, a picture (" + PictureFormat.ENDS
                                    + ") beside a txt or json of the same name"
                            : ": hold no picture (" + PictureFormat.ENDS + ")")
                    + (leftOut.total() == 0 ? ", nor another file" : ", but " + leftOut)
                    + "; give other data");
        }
    }

    /**
     * What a path with braces stands for; itself alone where it has none, or there is something of that very name.
     *
     * @throws UserException where they lead out of its folder
     */
    public static List<Path> expanded(Path path) {
        return !RemotePath.isRemote(path) && Files.exists(path) ? List.of(path) : ShardPaths.named(path);
    }

    /** Its samples with their captions: what pretraining trains on. */
    public Examples captioned() {
        return new Captioned(this);
    }

    /** N. */
    @Override
    public long size() {
        return firstIndex[firstIndex.length - 1];
    }

    /** The samples of the shards, taken or not. */
    public long inAll() {
        return shards.stream().mapToLong(Shard::size).sum();
    }

    /** How many samples of the shards another split would take. */
    long count(Split other) {
        return shards.stream().mapToLong(other::count).sum();
    }

    /** Whether another split would take a sample. */
    boolean isTaken(long index, Split other) {
        return other.takes(key(index));
    }

    /** The index of the first sample of each shard, and N. */
    long[] firsts() {
        return firstIndex.clone();
    }

    /** The first shard of each source, and how many shards there are. */
    int[] sources() {
        return sources.clone();
    }

    /** How many samples each source has: those that are taken. */
    public long[] sizes() {
        return IntStream.range(0, sources.length - 1)
                .mapToLong(source -> firstIndex[sources[source + 1]] - firstIndex[sources[source]])
                .toArray();
    }

    /** The number of a sample's source. */
    public int sourceOf(long index) {
        return SourceOfSample.number(firstIndex, sources, Objects.checkIndex(index, size()));
    }

    /** Tells each shard when it comes. */
    void expect(Upcoming upcoming) {
        for (int i = 0; i < shards.size(); i++) {
            int shard = i;
            shards.get(i).expect(() -> upcoming.placesUntil(shard));
        }
    }

    /** The samples of each shard, in their order. */
    public Map<String, Integer> shards() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        taken.forEach(each -> counts.merge(each.shard().label(), each.size(), Integer::sum));
        return counts;
    }

    /** What belongs to no sample, and is not in {@link #size}. */
    @Override
    public LeftOut leftOut() {
        return files.leftOut();
    }

    /** Of the shards' tables of contents: names and sizes of their files. */
    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public String key(long index) {
        Place place = place(index);
        return place.shard().key(place.sample());
    }

    /** {@code shard:key}, for messages. */
    @Override
    public String name(long index) {
        Place place = place(index);
        return place.shard().label() + ":" + place.shard().key(place.sample());
    }

    @Override
    public String file(long index) {
        Place place = place(index);
        return place.shard().file(place.sample());
    }

    /** Of a sample's encoded picture. */
    @Override
    public int imageSizeBytes(long index) {
        Place place = place(index);
        return place.shard().imageSizeBytes(place.sample());
    }

    /** The sample of a key; samples of several shards may have the same one, which is refused when it is asked for. */
    @Override
    public OptionalLong find(String key) {
        return keys.find(key);
    }

    @Override
    public OptionalLong findWhole(String key, long from, long to) {
        return keys.findWhole(key, from, to);
    }

    /** Where the samples of a shard begin; of as many as there are shards: where the last one's end. */
    long firstIndex(int shard) {
        return firstIndex[shard];
    }

    /** More than one where shards lie on servers: a read waits for the network then, and not for a disk. */
    @Override
    public int parallelReads() {
        return files.parallelReads();
    }

    /** The encoded picture of a sample. Like all reads: an {@link IOException} says nothing of it, another try may succeed. */
    @Override
    public byte[] image(long index) throws IOException {
        Place place = place(index);
        return place.shard().image(place.sample());
    }

    /** What people said of a sample; at least one text. */
    public List<String> captions(long index) throws SampleException, IOException {
        Place place = place(index);
        return place.shard().captions(place.sample());
    }

    private Place place(long index) {
        int shard = shardOf(index);
        Taken its = taken.get(shard);
        return new Place(its.shard(), its.at(index - firstIndex[shard]));
    }

    private int shardOf(long index) {
        if (index < 0 || index >= size()) {
            throw new IndexOutOfBoundsException("sample " + index + " of " + size());
        }
        int low = 0;
        int high = shards.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (firstIndex[middle] <= index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    @Override
    public void close() {
        close(files);
    }

    private static void close(ShardFiles files) {
        try {
            files.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

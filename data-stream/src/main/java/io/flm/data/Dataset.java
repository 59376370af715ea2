package io.flm.data;

import io.flm.data.CaptionFiles.Unusable;
import io.flm.data.TarShard.Parts;
import io.flm.data.TarShard.Range;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The samples of WebDataset shards by index. The shards' tables of contents are read once; pictures and captions are read as
 * they are asked for, by any thread.
 */
public final class Dataset implements PictureSource {
    private final List<TarShard> shards;
    private final List<List<Parts>> taken; // of each shard's samples
    private final List<String> labels; // of the shards, for messages
    private final long[] firstIndex; // of each shard, and the end
    private final String sha256;
    private final PictureKeys keys;
    private final LeftOut leftOut;
    private final OpenFiles files;
    private final Unpacked unpacked;

    private Dataset(
            List<TarShard> shards,
            Split split,
            List<String> labels,
            LeftOut leftOut,
            OpenFiles files,
            Unpacked unpacked) {
        this.shards = shards;
        this.taken = shards.stream().map(shard -> split.of(shard.samples())).toList();
        this.labels = labels;
        this.leftOut = leftOut;
        this.files = files;
        this.unpacked = unpacked;
        this.firstIndex = new long[shards.size() + 1];
        MessageDigest digest = Sha256.newDigest();
        for (int i = 0; i < shards.size(); i++) {
            firstIndex[i + 1] = firstIndex[i] + taken.get(i).size();
            shards.get(i).digest(digest);
        }
        this.sha256 = Sha256.hex(digest);
        this.keys = new PictureKeys(size(), this::key, this::name);
    }

    /** Opens shards and takes all their samples. */
    public static Dataset open(List<Path> paths) {
        return open(paths, Split.ALL);
    }

    /**
     * Opens shards.
     *
     * @param paths {@code .tar}, {@code .tar.gz} and {@code .tgz} files, folders of them, and names with braces that stand for
     *     several, in this order
     * @param split which of their samples are taken
     */
    public static Dataset open(List<Path> paths, Split split) {
        return open(paths, split, true);
    }

    /** Opens shards for their pictures, of which any may be without a caption; see {@link PictureSource#open}. */
    static Dataset openPictures(List<Path> paths) {
        return open(paths, Split.ALL, false);
    }

    private static Dataset open(List<Path> paths, Split split, boolean captioned) {
        if (paths.isEmpty()) {
            throw new UserException("no data: give tar files, or folders of them, with --data");
        }
        LeftOut leftOut = new LeftOut();
        List<Path> found = ShardPaths.files(paths, leftOut);
        List<String> labels = ShardPaths.labels(found);
        OpenFiles files = new OpenFiles();
        Unpacked unpacked = new Unpacked();
        try {
            List<TarShard> shards = new ArrayList<>();
            for (int i = 0; i < found.size(); i++) {
                shards.add(TarShard.open(found.get(i), labels.get(i), captioned, files, unpacked, leftOut));
            }
            Dataset source = new Dataset(List.copyOf(shards), split, labels, leftOut, files, unpacked);
            requireSamples(source.inAll(), captioned, paths, leftOut);
            return source;
        } catch (RuntimeException e) {
            close(files, unpacked);
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
    public static Counts count(List<Path> paths, Split split, long enough) {
        LeftOut leftOut = new LeftOut();
        OpenFiles files = new OpenFiles();
        Unpacked unpacked = new Unpacked();
        try {
            long taken = 0;
            long left = 0;
            for (Path file : ShardPaths.files(paths, leftOut)) {
                List<Parts> samples = TarShard.open(file, String.valueOf(file), true, files, unpacked, leftOut)
                        .samples();
                int its = split.of(samples).size();
                taken += its;
                left += samples.size() - its;
                if (taken >= enough && left >= enough) {
                    break;
                }
            }
            requireSamples(taken + left, true, paths, leftOut);
            return new Counts(taken, left);
        } finally {
            close(files, unpacked);
        }
    }

    private static void requireSamples(long count, boolean captioned, List<Path> paths, LeftOut leftOut) {
        if (count == 0) {
            throw new UserException(paths
                    + (captioned
                            ? ": hold no sample, a picture (png, jpg, webp) beside a txt or json of the same name"
                            : ": hold no picture (png, jpg, webp)")
                    + (leftOut.total() == 0 ? ", nor another file" : ", but " + leftOut)
                    + "; give other --data");
        }
    }

    /** What a path with braces stands for; itself alone where it has none, or there is something of that very name. */
    public static List<Path> expanded(Path path) {
        return Files.exists(path)
                ? List.of(path)
                : Braces.expand(path.toString()).stream().map(Path::of).toList();
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
        return shards.stream().mapToLong(shard -> shard.samples().size()).sum();
    }

    /** How many samples of the shards another split would take. */
    long count(Split other) {
        return shards.stream()
                .mapToLong(shard -> other.of(shard.samples()).size())
                .sum();
    }

    /** Whether another split would take a sample. */
    boolean isTaken(long index, Split other) {
        return !other.of(List.of(parts(index))).isEmpty();
    }

    /** The samples of each shard, in their order. */
    public Map<String, Integer> shards() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            counts.merge(labels.get(i), taken.get(i).size(), Integer::sum);
        }
        return counts;
    }

    /** What belongs to no sample, and is not in {@link #size}. */
    @Override
    public LeftOut leftOut() {
        return leftOut;
    }

    /** Of the shards' tables of contents: names and sizes of their files. */
    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public String key(long index) {
        return parts(index).key();
    }

    /** {@code shard:key}, for messages. */
    @Override
    public String name(long index) {
        return labels.get(shardOf(index)) + ":" + parts(index).key();
    }

    /** Of a sample's encoded picture. */
    @Override
    public int imageSizeBytes(long index) {
        return parts(index).image().sizeBytes();
    }

    /** The sample of a key; samples of several shards may have the same one, which is refused when it is asked for. */
    @Override
    public OptionalLong find(String key) {
        return keys.find(key);
    }

    /** The encoded picture of a sample. Like all reads: an {@link IOException} says nothing of it, another try may succeed. */
    @Override
    public byte[] image(long index) throws IOException {
        return bytes(index, parts(index).image());
    }

    /** What people said of a sample; at least one text. The JSON goes before the text, since it can hold several. */
    public List<String> captions(long index) throws SampleException, IOException {
        Parts parts = parts(index);
        String cause = parts.json() == null && parts.text() == null ? "no caption (txt, json)" : "";
        if (parts.json() != null) {
            try {
                return CaptionFiles.ofJson(captionBytes(index, parts.json()));
            } catch (Unusable e) {
                cause = e.cause();
            }
        }
        if (parts.text() != null) {
            try {
                return CaptionFiles.ofText(captionBytes(index, parts.text()));
            } catch (Unusable e) {
                cause = e.cause() + (cause.isEmpty() ? "" : " (txt); " + cause);
            }
        }
        throw new SampleException(name(index), cause);
    }

    private byte[] captionBytes(long index, Range range) throws Unusable, IOException {
        if (range.sizeBytes() > CaptionFiles.MOST_BYTES) {
            throw new Unusable(String.format(
                    Locale.ROOT,
                    "the caption's file has %,d bytes, more than %,d",
                    range.sizeBytes(),
                    CaptionFiles.MOST_BYTES));
        }
        return bytes(index, range);
    }

    private byte[] bytes(long index, Range range) throws IOException {
        TarShard shard = shards.get(shardOf(index));
        return Reads.tried(() -> shard.read(range));
    }

    private Parts parts(long index) {
        int shard = shardOf(index);
        return taken.get(shard).get((int) (index - firstIndex[shard]));
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
        close(files, unpacked);
    }

    private static void close(OpenFiles files, Unpacked unpacked) {
        try (files;
                unpacked) {
            // both, whatever becomes of the other
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

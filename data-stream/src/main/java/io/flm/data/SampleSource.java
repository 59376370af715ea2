package io.flm.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * The samples of WebDataset shards by index. The shards' tables of contents are read once; pictures and captions are read as
 * they are asked for, by any thread.
 */
public final class SampleSource implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TRIES = 4;
    private static final long PAUSE_NS = 50_000_000; // doubled at each try

    private final List<TarShard> shards;
    private final long[] firstIndex; // of each shard, and the end
    private final String sha256;

    private SampleSource(List<TarShard> shards) {
        this.shards = shards;
        this.firstIndex = new long[shards.size() + 1];
        MessageDigest digest = Hashes.newSha256();
        for (int i = 0; i < shards.size(); i++) {
            firstIndex[i + 1] = firstIndex[i] + shards.get(i).samples().size();
            digest.update(shards.get(i).contents().getBytes(StandardCharsets.UTF_8));
        }
        this.sha256 = HexFormat.of().formatHex(digest.digest());
    }

    /**
     * Opens shards.
     *
     * @param paths {@code .tar}, {@code .tar.gz} and {@code .tgz} files, and folders of them, in this order
     */
    public static SampleSource open(List<Path> paths) {
        if (paths.isEmpty()) {
            throw new UserException("no data: give tar files, or folders of them, with --data");
        }
        List<TarShard> shards = new ArrayList<>();
        try {
            for (Path path : paths) {
                for (Path file : files(path)) {
                    shards.add(TarShard.open(file));
                }
            }
            SampleSource source = new SampleSource(List.copyOf(shards));
            if (source.size() == 0) {
                throw new UserException(
                        paths + ": hold no sample, a picture (png, jpg, webp) beside a txt or json of the"
                                + " same name; give other --data");
            }
            return source;
        } catch (RuntimeException e) {
            shards.forEach(TarShard::close);
            throw e;
        }
    }

    private static List<Path> files(Path path) {
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        if (!Files.isDirectory(path)) {
            throw new UserException(path + ": no such file or folder; give other --data");
        }
        try (Stream<Path> files = Files.list(path)) {
            List<Path> tars = files.filter(file -> file.toString().matches(".*\\.(tar|tar\\.gz|tgz)"))
                    .sorted()
                    .toList();
            if (tars.isEmpty()) {
                throw new UserException(path + ": holds no .tar or .tar.gz; give other --data");
            }
            return tars;
        } catch (IOException e) {
            throw new UserException(path + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** N. */
    public long size() {
        return firstIndex[firstIndex.length - 1];
    }

    /** The samples of each shard, in their order. */
    public Map<String, Integer> shards() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        shards.forEach(shard -> counts.merge(shard.name(), shard.samples().size(), Integer::sum));
        return counts;
    }

    /** {@code shard:key: cause} of the pictures and captions that belong to no sample, and are not in {@link #size}. */
    public List<String> leftOut() {
        return shards.stream().flatMap(shard -> shard.leftOut().stream()).toList();
    }

    /** Of the shards' tables of contents: names and sizes of their files. */
    public String sha256() {
        return sha256;
    }

    /** {@code shard:key}, for messages. */
    public String name(long index) {
        TarShard shard = shards.get(shardOf(index));
        return shard.name() + ":" + entry(index).key();
    }

    /** A sample whole. Like all reads: an {@link IOException} says nothing of the sample, another try may succeed. */
    public Sample read(long index) throws SampleException, IOException {
        List<String> captions = captions(index);
        return new Sample(shards.get(shardOf(index)).name(), entry(index).key(), image(index), captions);
    }

    /** The encoded picture of a sample. */
    public byte[] image(long index) throws IOException {
        return bytes(index, entry(index).image());
    }

    /** What people said of a sample; at least one text. */
    public List<String> captions(long index) throws SampleException, IOException {
        TarShard.Entry entry = entry(index);
        String text = utf8(index, bytes(index, entry.caption()));
        List<String> captions = new ArrayList<>();
        if (entry.json()) {
            for (JsonNode caption : captionsOf(index, text)) {
                if (caption.isTextual()) { // null or a number is no caption, as an empty text is none
                    captions.add(caption.asText());
                }
            }
        } else {
            captions.add(text);
        }
        captions.removeIf(caption -> caption.replace(".", "").isBlank());
        if (captions.isEmpty()) {
            throw new SampleException(name(index), "the caption is empty");
        }
        return captions;
    }

    private JsonNode captionsOf(long index, String text) throws SampleException {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new SampleException(name(index), "the caption's JSON is broken (" + e.getOriginalMessage() + ")");
        }
        JsonNode captions = json.path("captions");
        if (captions.isArray()) {
            return captions;
        }
        JsonNode caption = json.path("caption");
        if (!caption.isTextual()) {
            throw new SampleException(name(index), "the JSON has neither \"captions\" nor \"caption\"");
        }
        return JSON.createArrayNode().add(caption);
    }

    private String utf8(long index, byte[] bytes) throws SampleException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SampleException(name(index), "the caption is not text in UTF-8");
        }
    }

    private byte[] bytes(long index, TarShard.Range range) throws IOException {
        TarShard shard = shards.get(shardOf(index));
        return tried(() -> shard.read(range));
    }

    /** A read that may fail. */
    @FunctionalInterface
    interface Read {
        byte[] bytes() throws IOException;
    }

    /** Reads again where a read fails: the error may pass. */
    static byte[] tried(Read read) throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return read.bytes();
            } catch (IOException e) {
                if (tries == TRIES || e instanceof ClosedChannelException) {
                    throw new IOException("cannot be read (" + e.getMessage() + "), tries: " + tries, e);
                }
                LockSupport.parkNanos(PAUSE_NS << tries);
            }
        }
    }

    /**
     * What ends a stream where a read of a sample failed. No other sample may take its place, as for a bad one: another worker
     * can read it, and the weights would differ.
     */
    UncheckedIOException unreadable(long index, IOException cause) {
        String message = name(index) + ": " + cause.getMessage()
                + "; look at this node's disk; a run that it ended goes on with --resume";
        return new UncheckedIOException(message, cause);
    }

    private TarShard.Entry entry(long index) {
        int shard = shardOf(index);
        return shards.get(shard).samples().get((int) (index - firstIndex[shard]));
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
        shards.forEach(TarShard::close);
    }
}

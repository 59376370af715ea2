package io.flm.data;

import io.flm.data.LeftOut.Named;
import io.flm.data.ShardTable.Column;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The contents of a shard as a file, so that opening the shard costs no pass over its bytes. What is read of it is what the pass finds,
 * so samples, order and digest are the same with and without it.
 *
 * <p>It is believed only if it is whole, by its SHA-256, of the version that this program writes, made for these very bytes, by the
 * shard's {@link ShardIdentity}, of which more than the size must be known, and points to nothing outside of the shard. Numbers are big-endian; a text is its length and its bytes
 * in UTF-8:
 *
 * <pre>
 * "flm-index 2\n"   SHA-256 of all that follows
 * of the shard      size (8 bytes), ETag (text), changed last (seconds of 8 bytes, nanoseconds of 4)
 * sizes             pictures, bytes of keys, rows of jsons, rows of texts (4 bytes each)
 * columns           ends of keys, keys; block and size of each picture, json, text (4 bytes each)
 * left out, twice   names (count; name, reason, what it is counted as: texts), counts (count; kind as text, 8 bytes)
 * </pre>
 */
final class IndexFile {
    /** The name of the file is that of the shard, and this behind it. */
    static final String END = ".flm-index";

    /** Some six million pictures of a shard: a file that claims more is not read. */
    static final int MOST_BYTES = 256 << 20;

    private static final byte[] MAGIC = "flm-index 2\n".getBytes(StandardCharsets.US_ASCII);
    private static final int MAGIC_WORD = 10; // "flm-index ", whatever the version
    private static final int DIGEST_BYTES = 32;

    private IndexFile() {}

    /** It cannot be used for the shard; the message says why. */
    static final class Unfit extends Exception {
        private static final long serialVersionUID = 1L;

        Unfit(String message) {
            super(message);
        }
    }

    /**
     * The file of a shard.
     *
     * @throws UserException where the shard has too many pictures for one
     */
    static byte[] of(ShardContents contents, ShardIdentity identity, String shard) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            write(contents, identity, out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing is written but memory
        }
        byte[] content = bytes.toByteArray();
        if (content.length > MOST_BYTES - MAGIC.length - DIGEST_BYTES) {
            throw new UserException(shard + ": " + contents.table().size()
                    + " pictures are too many for one table of contents; split it into smaller shards");
        }
        return ByteBuffer.allocate(MAGIC.length + DIGEST_BYTES + content.length)
                .put(MAGIC)
                .put(Sha256.newDigest().digest(content))
                .put(content)
                .array();
    }

    private static void write(ShardContents contents, ShardIdentity identity, DataOutputStream out) throws IOException {
        out.writeLong(identity.sizeBytes());
        text(out, identity.etag());
        Instant changed = identity.changed();
        out.writeLong(changed.getEpochSecond());
        out.writeInt(changed.getNano());
        ShardTable table = contents.table();
        out.writeInt(table.size());
        out.writeInt(table.keys().length);
        out.writeInt(table.jsons().blocks().length);
        out.writeInt(table.texts().blocks().length);
        ints(out, table.keyEnds());
        out.write(table.keys());
        for (Column column : List.of(table.images(), table.jsons(), table.texts())) {
            ints(out, column.blocks());
            ints(out, column.sizes());
        }
        write(contents.others(), out);
        write(contents.uncaptioned(), out);
    }

    private static void write(LeftOut leftOut, DataOutputStream out) throws IOException {
        out.writeInt(leftOut.named().size());
        for (Named named : leftOut.named()) {
            text(out, named.name());
            text(out, named.reason());
            text(out, named.countedAs());
        }
        out.writeInt(leftOut.counts().size());
        for (Map.Entry<String, Long> count : leftOut.counts().entrySet()) {
            text(out, count.getKey());
            out.writeLong(count.getValue());
        }
    }

    private static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static void ints(DataOutputStream out, int[] values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(4, values.length));
        bytes.asIntBuffer().put(values);
        out.write(bytes.array());
    }

    /** Puts the file in place as a whole, or not at all. */
    static void put(byte[] index, Path file) throws IOException {
        WholeFile.put(index, file, END);
    }

    /** What a file says of a shard, and of which bytes it says so. */
    record Kept(ShardIdentity identity, ShardContents contents) {}

    /**
     * What a file says of a shard.
     *
     * @param identity of the shard as it is now
     */
    static ShardContents read(byte[] file, ShardIdentity identity) throws Unfit {
        if (!identity.isMarked()) {
            throw new Unfit("cannot be told to be of these bytes: the shard has neither ETag nor time of change");
        }
        return kept(file, identity).contents();
    }

    /** What a file says of a shard as it was. */
    static Kept kept(byte[] file) throws Unfit {
        return kept(file, null);
    }

    /** @param identity that it must be of; null: any */
    private static Kept kept(byte[] file, @Nullable ShardIdentity identity) throws Unfit {
        int header = MAGIC.length + DIGEST_BYTES;
        if (file.length < header || !Arrays.equals(file, 0, MAGIC_WORD, MAGIC, 0, MAGIC_WORD)) {
            throw new Unfit("is no table of contents of this program");
        }
        if (!Arrays.equals(file, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new Unfit("is of another version of this program");
        }
        MessageDigest digest = Sha256.newDigest();
        digest.update(file, header, file.length - header);
        if (!Arrays.equals(digest.digest(), Arrays.copyOfRange(file, MAGIC.length, header))) {
            throw new Unfit("is damaged");
        }
        try {
            return read(ByteBuffer.wrap(file, header, file.length - header), identity);
        } catch (BufferUnderflowException | DateTimeException e) {
            throw new Unfit("has no sound form");
        }
    }

    private static Kept read(ByteBuffer in, @Nullable ShardIdentity identity) throws Unfit {
        ShardIdentity made =
                new ShardIdentity(in.getLong(), text(in), Instant.ofEpochSecond(in.getLong(), in.getInt()));
        if (identity != null && !made.isSameAs(identity)) {
            throw new Unfit("is of other bytes: the shard has changed since, or was copied");
        }
        int pictures = in.getInt();
        int keyBytes = in.getInt();
        int jsons = in.getInt();
        int texts = in.getInt();
        int[] keyEnds = ints(in, pictures);
        byte[] keys = bytes(in, keyBytes);
        ShardTable table = new ShardTable(
                keys,
                keyEnds,
                new Column(ints(in, pictures), ints(in, pictures)),
                new Column(ints(in, jsons), ints(in, jsons)),
                new Column(ints(in, texts), ints(in, texts)));
        check(table, made.sizeBytes());
        ShardContents contents = new ShardContents(table, leftOut(in), leftOut(in));
        if (in.hasRemaining()) {
            throw new Unfit("has no sound form");
        }
        return new Kept(made, contents);
    }

    /** Whatever else is wrong with a table, no read by it leaves the shard. */
    private static void check(ShardTable table, long shardBytes) throws Unfit {
        int end = 0;
        for (int keyEnd : table.keyEnds()) {
            sound(keyEnd > end);
            end = keyEnd;
        }
        sound(end == table.keys().length);
        for (int block : table.images().blocks()) {
            sound(block != 0);
        }
        for (Column column : List.of(table.images(), table.jsons(), table.texts())) {
            sound(column.isEmpty() || column.blocks().length == table.size());
            for (int i = 0; i < column.blocks().length; i++) {
                int sizeBytes = column.sizes()[i];
                long offset = Integer.toUnsignedLong(column.blocks()[i]) * TarEntries.BLOCK;
                sound(sizeBytes >= 0 && offset <= shardBytes - sizeBytes);
            }
        }
    }

    private static void sound(boolean sound) throws Unfit {
        if (!sound) {
            throw new Unfit("has no sound form");
        }
    }

    private static LeftOut leftOut(ByteBuffer in) throws Unfit {
        List<Named> names = new ArrayList<>();
        for (int i = in.getInt(); i > 0; i--) {
            names.add(new Named(text(in), text(in), text(in)));
        }
        SortedMap<String, Long> counts = new TreeMap<>();
        for (int i = in.getInt(); i > 0; i--) {
            String kind = text(in);
            long count = in.getLong();
            sound(count > 0);
            counts.put(kind, count);
        }
        return LeftOut.of(names, counts);
    }

    private static String text(ByteBuffer in) {
        return new String(bytes(in, in.getInt()), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(ByteBuffer in, int count) {
        if (count < 0 || count > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[count];
        in.get(bytes);
        return bytes;
    }

    private static int[] ints(ByteBuffer in, int count) {
        if (count < 0 || count > in.remaining() / 4) {
            throw new BufferUnderflowException();
        }
        int[] values = new int[count];
        in.asIntBuffer().get(values);
        in.position(in.position() + 4 * count);
        return values;
    }
}

package io.flm.data;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The table of contents of a shard: of each picture its key, where it lies, and where its captions lie. It is held for every picture of
 * a source, so it is columns of numbers and no objects: 12 bytes a picture, 8 for each form of captions that the shard has (json, txt),
 * and the bytes of its key. Places are counted in blocks of a tar file, where all files begin.
 */
final class ShardTable {
    private static final long MOST_BLOCKS = 1L << 32;

    /** Where a file's bytes lie. */
    record Range(long offset, int sizeBytes) {}

    /**
     * Where files of one form lie, by picture; empty where no picture has one.
     *
     * @param blocks the first block of each, unsigned; 0: none, since a header comes first
     * @param sizes bytes of each
     */
    record Column(int[] blocks, int[] sizes) {
        @Nullable Range at(int index) {
            return blocks.length == 0 || blocks[index] == 0
                    ? null
                    : new Range(Integer.toUnsignedLong(blocks[index]) * TarEntries.BLOCK, sizes[index]);
        }

        boolean isEmpty() {
            return blocks.length == 0;
        }
    }

    private final byte[] keys;
    private final int[] keyEnds;
    private final Column images;
    private final Column jsons;
    private final Column texts;

    /**
     * A table of columns that fit each other.
     *
     * @param keys in UTF-8, one behind the other
     * @param keyEnds where each ends
     */
    ShardTable(byte[] keys, int[] keyEnds, Column images, Column jsons, Column texts) {
        this.keys = keys;
        this.keyEnds = keyEnds;
        this.images = images;
        this.jsons = jsons;
        this.texts = texts;
    }

    int size() {
        return keyEnds.length;
    }

    /** What it holds in memory, beside a few objects. */
    long sizeBytes() {
        return keys.length + 4L * keyEnds.length + 8L * (images.sizes.length + jsons.sizes.length + texts.sizes.length);
    }

    String key(int index) {
        int start = index == 0 ? 0 : keyEnds[index - 1];
        return new String(keys, start, keyEnds[index] - start, StandardCharsets.UTF_8);
    }

    Range image(int index) {
        Range image = images.at(index);
        if (image == null) {
            throw new IllegalStateException("row " + index + " has no picture");
        }
        return image;
    }

    @Nullable Range json(int index) {
        return jsons.at(index);
    }

    @Nullable Range text(int index) {
        return texts.at(index);
    }

    /** Those of its pictures that have a caption; itself where all have one. */
    ShardTable captioned() {
        int[] captioned = new int[size()];
        int count = 0;
        for (int i = 0; i < size(); i++) {
            if (json(i) != null || text(i) != null) {
                captioned[count++] = i;
            }
        }
        if (count == size()) {
            return this;
        }
        Builder some = new Builder();
        for (int k = 0; k < count; k++) {
            int i = captioned[k];
            some.add(key(i), image(i), json(i), text(i));
        }
        return some.build();
    }

    byte[] keys() {
        return keys;
    }

    int[] keyEnds() {
        return keyEnds;
    }

    Column images() {
        return images;
    }

    Column jsons() {
        return jsons;
    }

    Column texts() {
        return texts;
    }

    /** Takes pictures in their order. */
    static final class Builder {
        private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
        private final int[][] columns = new int[7][16]; // ends of keys; blocks and sizes of pictures, jsons, texts
        private int size;
        private boolean hasJson;
        private boolean hasText;

        void add(String key, Range image, @Nullable Range json, @Nullable Range text) {
            if (size == columns[0].length) {
                for (int i = 0; i < columns.length; i++) {
                    columns[i] = Arrays.copyOf(columns[i], 2 * size);
                }
            }
            keys.writeBytes(key.getBytes(StandardCharsets.UTF_8));
            columns[0][size] = keys.size();
            put(1, image);
            put(3, json);
            put(5, text);
            hasJson |= json != null;
            hasText |= text != null;
            size++;
        }

        private void put(int column, @Nullable Range range) {
            columns[column][size] = range == null ? 0 : block(range);
            columns[column + 1][size] = range == null ? 0 : range.sizeBytes();
        }

        private static int block(Range range) {
            long block = range.offset() / TarEntries.BLOCK;
            if (range.offset() % TarEntries.BLOCK != 0 || block >= MOST_BLOCKS) {
                throw new IllegalArgumentException("byte " + range.offset() + " is not the begin of a block");
            }
            return (int) block;
        }

        ShardTable build() {
            return new ShardTable(
                    keys.toByteArray(),
                    Arrays.copyOf(columns[0], size),
                    column(1, size),
                    column(3, hasJson ? size : 0),
                    column(5, hasText ? size : 0));
        }

        private Column column(int column, int length) {
            return new Column(Arrays.copyOf(columns[column], length), Arrays.copyOf(columns[column + 1], length));
        }
    }
}

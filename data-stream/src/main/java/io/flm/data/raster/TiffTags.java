package io.flm.data.raster;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The first directory of a TIFF: numbers by tag. Only where they lie is kept, so that a large file costs nothing here. */
final class TiffTags {
    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;

    private record Entry(int type, long count, long at) {}

    private final FileBytes file;
    private final Map<Integer, Entry> entries = new HashMap<>();

    TiffTags(FileBytes file) throws IOException {
        this.file = file;
        long directory = file.u32(4);
        int count = file.u16(directory);
        for (int i = 0; i < count; i++) {
            long at = directory + 2 + 12L * i;
            int type = file.u16(at + 2);
            long values = file.u32(at + 4);
            long sizeBytes = values * sizeBytes(type);
            if (sizeBytes == 0) { // texts, fractions, what later versions of the format bring
                continue;
            }
            long valuesAt = sizeBytes <= 4 ? at + 8 : file.u32(at + 8);
            entries.putIfAbsent(file.u16(at), new Entry(type, values, valuesAt));
        }
    }

    private static int sizeBytes(int type) {
        return type == BYTE ? 1 : type == SHORT ? 2 : type == LONG ? 4 : 0;
    }

    boolean has(int tag) {
        return entries.containsKey(tag);
    }

    /** How many numbers there are; 0 without the tag. */
    long count(int tag) {
        Entry entry = entries.get(tag);
        return entry == null ? 0 : entry.count;
    }

    /** The number at an index, {@code otherwise} without the tag. */
    long number(int tag, long index, long otherwise) throws IOException {
        Entry entry = entries.get(tag);
        if (entry == null) {
            return otherwise;
        }
        if (index >= entry.count) {
            throw new IOException("tag " + tag + " has " + entry.count + " values, not " + (index + 1));
        }
        long at = entry.at + index * sizeBytes(entry.type);
        return entry.type == BYTE ? file.u8(at) : entry.type == SHORT ? file.u16(at) : file.u32(at);
    }

    /** The first number of a tag as an int. */
    int number(int tag, int otherwise) throws IOException {
        return (int) Math.min(Integer.MAX_VALUE, number(tag, 0, otherwise));
    }
}

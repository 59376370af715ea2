package io.flm.data;

import io.flm.data.PartName.Form;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Finds pictures of a source by what annotation files call them; see {@link PictureSource#find}. The tables are made when the first
 * is asked for, of 8 bytes a picture: a sorted list of hashes with indices, which costs a third of a hash map.
 */
final class PictureKeys {
    private final long size;
    private final LongFunction<String> keys;
    private final LongFunction<String> names;
    private @Nullable Table whole;
    private @Nullable Table bare;

    /**
     * Of a source.
     *
     * @param keys by index, with their folders, without the end of a file's name
     * @param names for messages
     */
    PictureKeys(long size, LongFunction<String> keys, LongFunction<String> names) {
        this.size = size;
        this.keys = keys;
        this.names = names;
    }

    /** Hashes of keys. */
    private static final class Table {
        private final long[] entries; // 31 bits of the hash, 32 of the index; ascending
        private final LongFunction<String> keys;

        Table(long size, LongFunction<String> keys) {
            this.keys = keys;
            this.entries = new long[Math.toIntExact(size)];
            Arrays.setAll(entries, index -> hash(keys.apply(index)) | index);
            Arrays.sort(entries);
        }

        private static long hash(String key) {
            return (key.hashCode() & 0x7fff_ffffL) << 32;
        }

        /** The indices of a key from one up to another, at most two of them: the lowest. */
        long[] find(String key, long from, long to) {
            long hash = hash(key);
            int at = Arrays.binarySearch(entries, hash);
            long[] found = new long[2];
            int count = 0;
            for (int i = at < 0 ? -at - 1 : at; i < entries.length && entries[i] >> 32 == hash >> 32; i++) {
                long index = entries[i] & 0xffff_ffffL;
                if (index >= from && index < to && keys.apply(index).equals(key)) {
                    found[count++] = index;
                    if (count == 2) {
                        break;
                    }
                }
            }
            return Arrays.copyOf(found, count);
        }
    }

    synchronized OptionalLong find(String asked) {
        return anySpelling(asked, this::findSpelt);
    }

    private OptionalLong findSpelt(String asked) {
        OptionalLong found = findSpelt(asked, 0, size);
        String key = withoutEnd(asked);
        if (found.isEmpty() && key.indexOf('/') < 0) {
            if (bare == null) {
                bare = new Table(size, index -> bare(keys.apply(index)));
            }
            found = one(asked, bare.find(key, 0, size));
        }
        return found;
    }

    /** See {@link PictureSource#findWhole}. */
    synchronized OptionalLong findWhole(String asked, long from, long to) {
        return anySpelling(asked, spelling -> findSpelt(spelling, from, to));
    }

    /**
     * As it is written, else with accents composed, else with accents apart: archives of macOS may have {@code a} and two dots where
     * annotations have one letter, and both look the same.
     */
    private static OptionalLong anySpelling(String asked, Function<String, OptionalLong> find) {
        OptionalLong found = find.apply(asked);
        for (Normalizer.Form form : List.of(Normalizer.Form.NFC, Normalizer.Form.NFD)) {
            if (found.isEmpty() && !Normalizer.isNormalized(asked, form)) {
                found = find.apply(Normalizer.normalize(asked, form));
            }
        }
        return found;
    }

    private OptionalLong findSpelt(String asked, long from, long to) {
        if (whole == null) {
            whole = new Table(size, keys);
        }
        OptionalLong found = one(asked, whole.find(asked, from, to));
        String key = withoutEnd(asked);
        return found.isEmpty() && !key.equals(asked) ? one(asked, whole.find(key, from, to)) : found;
    }

    private static String withoutEnd(String asked) {
        PartName part = PartName.of(asked);
        return part.form() == Form.PICTURE ? part.key() : asked;
    }

    private static String bare(String key) {
        return key.substring(key.lastIndexOf('/') + 1);
    }

    private OptionalLong one(String asked, long[] found) {
        if (found.length > 1) {
            throw twice(asked, names.apply(found[0]), names.apply(found[1]));
        }
        return found.length == 0 ? OptionalLong.empty() : OptionalLong.of(found[0]);
    }

    static UserException twice(String asked, String first, String second) {
        return new UserException(first + " and " + second + " are both found by the key " + PlainText.of(asked)
                + ", so which one is meant cannot be told; give only one of them, or the key with its folder");
    }
}

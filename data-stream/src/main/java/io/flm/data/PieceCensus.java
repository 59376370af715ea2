package io.flm.data;

import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Which pieces of a cache are given up. An order that is known in advance says of each file when it is needed next, and what is needed
 * last goes first, which no other choice beats (Belady 1966). Files that this process does not have open, of other runs and of earlier ones,
 * go by age. Both kinds give up the same share of theirs: runs that keep pieces in one folder do not live at each other's cost.
 *
 * <p>In memory are 8 bytes of each piece of an unknown file, and some hundred of each file that is known.
 */
final class PieceCensus {
    private final Map<String, LongSupplier> expected;
    private final Map<String, Long> knownBytes = new HashMap<>();
    private long[] unknown = new long[64]; // when they were fetched
    private int unknownCount;
    private long unknownBytes;
    private long bytes;

    /** @param expected of files: when they are needed next */
    PieceCensus(Map<String, LongSupplier> expected) {
        this.expected = expected;
    }

    /** Counts a piece, which lies in its file's folder. */
    void add(Path piece, BasicFileAttributes attributes) {
        String file = file(piece);
        long size = attributes.size();
        bytes += size;
        if (expected.containsKey(file)) {
            knownBytes.merge(file, size, Long::sum);
            return;
        }
        if (unknownCount == unknown.length) {
            unknown = Arrays.copyOf(unknown, Math.multiplyExact(unknownCount, 2));
        }
        unknown[unknownCount++] = attributes.lastModifiedTime().toMillis();
        unknownBytes += size;
    }

    private static String file(Path piece) {
        Path folder = piece.getParent();
        return folder == null ? "" : String.valueOf(folder.getFileName());
    }

    /** Of all pieces. */
    long bytes() {
        return bytes;
    }

    /** What goes, for one pass: all pieces of some files, and of unknown ones the oldest until so many bytes are gone. */
    static final class GivenUp {
        private final Set<String> files;
        private final Set<String> known;
        private final long before; // milliseconds
        private long left;

        private GivenUp(Set<String> files, Set<String> known, long before, long left) {
            this.files = files;
            this.known = known;
            this.before = before;
            this.left = left;
        }

        boolean contains(Path piece, BasicFileAttributes attributes) {
            String file = file(piece);
            if (known.contains(file)) {
                return files.contains(file);
            }
            if (left <= 0 || attributes.lastModifiedTime().toMillis() > before) {
                return false;
            }
            left -= attributes.size();
            return true;
        }
    }

    /** A file of which somebody says when it is needed next; the order moves on meanwhile, so each is asked once. */
    private record Known(String file, long bytes, long until) {}

    private long until(String file) {
        LongSupplier placesUntil = expected.get(file);
        return placesUntil == null ? 0 : placesUntil.getAsLong();
    }

    /** Chooses so many bytes, or a little more. */
    GivenUp giveUp(long wanted) {
        long ofUnknown = (long) (wanted * (unknownBytes / (double) bytes));
        Arrays.sort(unknown, 0, unknownCount);
        long before = unknownCount == 0
                ? Long.MIN_VALUE
                : unknown[Math.min(unknownCount - 1, (int) (ofUnknown / (double) unknownBytes * unknownCount))];
        List<Known> lastFirst = knownBytes.entrySet().stream()
                .map(each -> new Known(each.getKey(), each.getValue(), until(each.getKey())))
                .sorted(Comparator.comparingLong(Known::until).reversed().thenComparing(Known::file))
                .toList();
        Set<String> files = new HashSet<>();
        long left = wanted - ofUnknown;
        for (Known each : lastFirst) {
            if (left <= 0 || each.until == 0) { // needed now: it would be fetched again at once
                break;
            }
            files.add(each.file);
            left -= each.bytes;
        }
        return new GivenUp(files, Set.copyOf(knownBytes.keySet()), before, ofUnknown);
    }
}

package io.flm.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What of the data is in no sample. All of it is counted by kind and reason; the first of each are named, so that a shard of a
 * million such files takes no memory.
 */
public final class LeftOut {
    private static final int MOST_NAMES = 100; // of a kind and reason
    private static final int MOST_COUNTS = 200;
    private static final int MOST_LETTERS = 12; // of a kind
    private static final int MOST_TOLD = 6;
    private static final String OTHERS = "others: left out";

    private final SortedMap<String, Long> counts = new TreeMap<>();
    private final List<Named> names = new ArrayList<>();

    /**
     * A file that is named.
     *
     * @param countedAs its kind and reason, or what stands for all others
     */
    record Named(String name, String reason, String countedAs) {
        @Override
        public String toString() {
            return name + ": " + reason;
        }
    }

    /** What {@link #named} and {@link #counts} said before. */
    static LeftOut of(List<Named> named, SortedMap<String, Long> counts) {
        LeftOut leftOut = new LeftOut();
        leftOut.names.addAll(named);
        leftOut.counts.putAll(counts);
        return leftOut;
    }

    /**
     * Adds a file.
     *
     * @param name for messages, {@code shard:file}
     * @param reason what it is instead of a part of a sample
     */
    void add(String name, String reason) {
        add(name, kind(name), reason);
    }

    /**
     * Adds a part of a file, such as a line of a table.
     *
     * @param name for messages, {@code file:line}
     * @param kind of its file: csv, json
     * @param reason what it is instead of a sample
     */
    public void add(String name, String kind, String reason) {
        String count = kind + ": " + reason;
        if (!counts.containsKey(count) && counts.size() >= MOST_COUNTS) {
            count = OTHERS;
        }
        if (counts.merge(count, 1L, Long::sum) <= MOST_NAMES) {
            names.add(new Named(name, reason, count));
        }
    }

    /** Adds all of a shard, which knows its files by their own names, as if they were added one by one. */
    void addAll(LeftOut shard, String label) {
        SortedMap<String, Long> unnamed = new TreeMap<>(shard.counts);
        for (Named named : shard.names) {
            add(label + ":" + named.name, named.reason);
            unnamed.merge(named.countedAs, -1L, Long::sum);
        }
        unnamed.forEach((count, files) -> {
            if (files > 0) {
                boolean room = counts.containsKey(count) || counts.size() < MOST_COUNTS;
                counts.merge(room ? count : OTHERS, files, Long::sum);
            }
        });
    }

    /** Adds all of another one. */
    public void addAll(LeftOut other) {
        other.counts.forEach((count, files) -> counts.merge(count, files, Long::sum));
        names.addAll(other.names);
    }

    /** The end of a file's name: png, npy. */
    private static String kind(String name) {
        String kind = name.substring(name.lastIndexOf('.') + 1);
        boolean known = kind.length() < name.length()
                && kind.length() <= MOST_LETTERS
                && kind.chars().allMatch(letter -> letter < 128 && Character.isLetterOrDigit(letter));
        return known ? kind.toLowerCase(Locale.ROOT) : "without a kind";
    }

    /** How many files are left out, by {@code kind: reason}. */
    public SortedMap<String, Long> counts() {
        return Collections.unmodifiableSortedMap(counts);
    }

    /** {@code shard:file: reason} of the first hundred of each kind and reason, in their order. */
    public List<String> names() {
        return names.stream().map(Named::toString).toList();
    }

    /** The same in their parts. */
    List<Named> named() {
        return Collections.unmodifiableList(names);
    }

    public long total() {
        return counts.values().stream().mapToLong(count -> count).sum();
    }

    /** One line: the kinds and reasons of most files. */
    @Override
    public String toString() {
        List<Map.Entry<String, Long>> most = counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
                .toList();
        List<String> told = new ArrayList<>();
        most.stream()
                .limit(MOST_TOLD)
                .forEach(e -> told.add(String.format(Locale.ROOT, "%,d %s", e.getValue(), e.getKey())));
        if (most.size() > MOST_TOLD) {
            long rest =
                    most.stream().skip(MOST_TOLD).mapToLong(Map.Entry::getValue).sum();
            told.add(String.format(Locale.ROOT, "%,d of %,d other kinds", rest, most.size() - MOST_TOLD));
        }
        return String.join("; ", told);
    }
}

package io.flm.worker.weights;

import io.flm.data.PlainText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What became of each tensor of the files and of the model. Nothing is left out of it. */
public final class InitReport {
    /** What became of a tensor. */
    public enum Fate {
        LOADED("loaded"),
        RESIZED("resized"),
        INITIAL("as initialised"),
        IGNORED("ignored");

        private final String words;

        Fate(String words) {
            this.words = words;
        }
    }

    /**
     * A tensor of the model, of a file, or of both.
     *
     * @param here the model's, with its shape; empty: it has none
     * @param there the file's, likewise; or what else it holds
     * @param how what was made of it; may be empty
     */
    public record Line(Fate fate, String here, String there, String how) {
        private String text() {
            return String.format(Locale.ROOT, "%-14s  ", fate.words)
                    + here
                    + (here.isEmpty() || there.isEmpty() ? "" : "  <-  ")
                    + there
                    + (how.isEmpty() ? "" : "  (" + how + ")");
        }
    }

    private static final Pattern NUMBER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");

    private final List<String> notes = new ArrayList<>();
    private final List<Line> lines = new ArrayList<>();

    InitReport() {}

    /** Names are those of files of others. */
    void note(String note) {
        notes.add(PlainText.of(note));
    }

    void add(Fate fate, String here, String there, String how) {
        lines.add(new Line(fate, PlainText.of(here), PlainText.of(there), PlainText.of(how)));
    }

    static String shown(String name, long[] shape) {
        return name + " " + Arrays.toString(shape);
    }

    /** What files there are, and what about them may be lived with. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    public List<Line> lines() {
        return List.copyOf(lines);
    }

    /** In a line. */
    public String sentence() {
        return Arrays.stream(Fate.values())
                .map(fate -> count(fate) + " tensors " + fate.words)
                .collect(Collectors.joining(", "));
    }

    private long count(Fate fate) {
        return lines.stream().filter(line -> line.fate() == fate).count();
    }

    /** A line for each tensor, those of a kind together. */
    public String whole() {
        return text(lines.stream().collect(Collectors.groupingBy(Line::fate)));
    }

    /** The same with a line for a tensor of all layers: {@code layer.{0-5}.output.dense.weight}. */
    public String table() {
        Map<String, List<Line>> alike = new LinkedHashMap<>();
        for (Line line : lines) {
            alike.computeIfAbsent(NUMBER.matcher(line.text()).replaceAll("#"), key -> new ArrayList<>())
                    .add(line);
        }
        return text(alike.values().stream().map(InitReport::together).collect(Collectors.groupingBy(Line::fate)));
    }

    private static Line together(List<Line> alike) {
        Line first = alike.get(0);
        return new Line(
                first.fate(),
                ranged(alike.stream().map(Line::here).toList()),
                ranged(alike.stream().map(Line::there).toList()),
                first.how());
    }

    private static String ranged(List<String> names) {
        TreeSet<Integer> numbers = new TreeSet<>();
        for (String name : names) {
            Matcher number = NUMBER.matcher(name);
            if (number.find() && number.group().length() < 9) {
                numbers.add(Integer.valueOf(number.group()));
            }
        }
        if (numbers.size() < 2) {
            return names.get(0);
        }
        boolean all = numbers.last() - numbers.first() + 1 == numbers.size();
        String range = all
                ? numbers.first() + "-" + numbers.last()
                : numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
        return NUMBER.matcher(names.get(0)).replaceFirst("{" + range + "}");
    }

    private String text(Map<Fate, List<Line>> byFate) {
        StringBuilder text = new StringBuilder();
        notes.forEach(note -> text.append(note).append('\n'));
        for (Fate fate : Fate.values()) {
            byFate.getOrDefault(fate, List.of())
                    .forEach(line -> text.append("  ").append(line.text()).append('\n'));
        }
        return text.append(sentence()).append('\n').toString();
    }
}

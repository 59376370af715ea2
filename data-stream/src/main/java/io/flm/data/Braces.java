package io.flm.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Expands {@code shard-{000..003}.tar} and {@code {train,more}/a.tar} as bash does, where quotes or a configuration file have
 * kept the shell from it: numbers with their leading zeros, letters, steps, lists, all of them nested. A range that runs backwards,
 * which bash takes, is refused: of shards it is a slip.
 */
final class Braces {
    /** More names than any data set has shards. */
    static final int MOST = 100_000;

    private static final Pattern RANGE =
            Pattern.compile("(-?\\d{1,9}|[A-Za-z])\\.\\.(-?\\d{1,9}|[A-Za-z])(?:\\.\\.(-?\\d{1,9}))?");
    private static final int MOST_DEPTH = 50;

    /** Lists of names are long. Braces without their end cost the square of the letters. */
    private static final int MOST_LETTERS = 16_384;

    private static final int MOST_SHOWN = 80; // letters of a pattern that is too long

    private Braces() {}

    /** All texts that {@code pattern} stands for, in their order; itself alone if it has no braces to expand. */
    static List<String> expand(String pattern) {
        if (pattern.length() > MOST_LETTERS) {
            throw new UserException(
                    beginning(pattern) + ": a path of " + pattern.length() + " letters; give at most " + MOST_LETTERS);
        }
        return expand(pattern, pattern, 0);
    }

    private static List<String> expand(String pattern, String whole, int depth) {
        if (depth > MOST_DEPTH) {
            throw new UserException(beginning(whole) + ": braces within braces, too many");
        }
        int open = pattern.indexOf('{');
        while (open >= 0) {
            int close = closing(pattern, open);
            List<String> choices = close < 0 ? List.of() : choices(pattern.substring(open + 1, close), whole, depth);
            if (!choices.isEmpty()) {
                return combine(
                        pattern.substring(0, open),
                        choices,
                        expand(pattern.substring(close + 1), whole, depth + 1),
                        whole);
            }
            open = pattern.indexOf('{', open + 1); // braces around one name are letters
        }
        return List.of(pattern);
    }

    private static List<String> combine(String before, List<String> choices, List<String> rests, String whole) {
        requireFew((long) choices.size() * rests.size(), whole);
        List<String> texts = new ArrayList<>(choices.size() * rests.size());
        for (String choice : choices) {
            rests.forEach(rest -> texts.add(before + choice + rest));
        }
        return texts;
    }

    private static int closing(String pattern, int open) {
        int depth = 0;
        for (int i = open; i < pattern.length(); i++) {
            depth += pattern.charAt(i) == '{' ? 1 : pattern.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        return -1;
    }

    /** What braces hold; empty if it is neither a list nor a range. */
    private static List<String> choices(String content, String whole, int depth) {
        Matcher range = RANGE.matcher(content);
        if (range.matches()) {
            return range(range, whole);
        }
        List<String> parts = parts(content);
        if (parts.size() == 1) {
            return List.of();
        }
        List<String> choices = new ArrayList<>();
        for (String part : parts) {
            choices.addAll(expand(part, whole, depth + 1));
            requireFew(choices.size(), whole);
        }
        return choices;
    }

    /** At the commas that lie in no inner braces. */
    private static List<String> parts(String content) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < content.length(); i++) {
            char letter = content.charAt(i);
            depth += letter == '{' ? 1 : letter == '}' ? -1 : 0;
            if (letter == ',' && depth == 0) {
                parts.add(content.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(content.substring(start));
        return parts;
    }

    private static List<String> range(Matcher range, String whole) {
        String from = range.group(1);
        String to = range.group(2);
        boolean letters = Character.isLetter(from.charAt(0));
        if (letters != Character.isLetter(to.charAt(0))) {
            return List.of();
        }
        int first = letters ? from.charAt(0) : Integer.parseInt(from);
        int last = letters ? to.charAt(0) : Integer.parseInt(to);
        int step = range.group(3) == null ? 1 : Math.max(1, Math.abs(Integer.parseInt(range.group(3))));
        if (first > last) {
            throw new UserException(shown(whole) + ": the range {" + range.group() + "} runs backwards; write {" + to
                    + ".." + from + "}");
        }
        requireFew(((long) last - first) / step + 1, whole);
        boolean padded = isPadded(from) || isPadded(to);
        int width = padded ? Math.max(from.length(), to.length()) : 1;
        List<String> texts = new ArrayList<>();
        for (long i = first; i <= last; i += step) {
            texts.add(letters ? String.valueOf((char) i) : String.format(Locale.ROOT, "%0" + width + "d", i));
        }
        return texts;
    }

    private static boolean isPadded(String number) {
        String digits = number.startsWith("-") ? number.substring(1) : number;
        return digits.length() > 1 && digits.startsWith("0");
    }

    private static void requireFew(long count, String whole) {
        if (count > MOST) {
            throw new UserException(
                    shown(whole) + ": its braces stand for more than " + MOST + " files; give a folder instead");
        }
    }

    /** How messages name a pattern: an address has both of its slashes, and no query, which may be a signature. */
    private static String shown(String pattern) {
        return RemotePath.isRemote(pattern) ? RemotePath.shown(Path.of(pattern)) : pattern;
    }

    private static String beginning(String pattern) {
        return PlainText.cut(shown(pattern), MOST_SHOWN);
    }
}

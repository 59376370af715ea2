package io.flm.data;

/**
 * Text of others, such as keys of samples, names of nodes and messages of other programs, as a terminal, a log or a page may have
 * it. A terminal obeys an escape sequence wherever it comes from, and a line break in a name makes a line that nobody wrote.
 *
 * <p>What is not shown is written as {@code \}{@code u001b}, as JSON and Java write it: so a JSON text stays the same value.
 */
public final class PlainText {
    private static final int ZERO_WIDTH_NON_JOINER = 0x200c; // both are part of words and of emoji
    private static final int ZERO_WIDTH_JOINER = 0x200d;

    /** What a text ends with that was cut. */
    public static final String CUT = " ...";

    private PlainText() {}

    /** One line: breaks and tabs become spaces; control characters, and those that turn the direction of text, are written out. */
    public static String of(String text) {
        if (text.codePoints().allMatch(PlainText::isPlain)) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            if (isPlain(c)) {
                plain.appendCodePoint(c);
            } else if (c == '\n' || c == '\r' || c == '\t') {
                plain.append(' ');
            } else {
                for (char unit : Character.toChars(c)) {
                    plain.append(String.format("\\u%04x", (int) unit));
                }
            }
        });
        return plain.toString();
    }

    /** A text of at most so many letters, and of a longer one its beginning with {@code " ..."}; no letter of two units is torn. */
    public static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        boolean tears = longest > 0 && Character.isHighSurrogate(text.charAt(longest - 1));
        return text.substring(0, tears ? longest - 1 : longest) + CUT;
    }

    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.FORMAT -> c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER;
            case Character.CONTROL, Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                false;
            default -> true;
        };
    }
}

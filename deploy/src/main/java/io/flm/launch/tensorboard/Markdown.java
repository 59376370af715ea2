package io.flm.launch.tensorboard;

import io.flm.data.PlainText;
import java.util.stream.Collectors;

/** Texts that TensorBoard shows as they are, whatever is in them. */
final class Markdown {
    private Markdown() {}

    /** Lines of a program, each as it is: a block that is set in. */
    static String verbatim(String text) {
        return text.lines().map(line -> "    " + PlainText.of(line)).collect(Collectors.joining("\n"));
    }

    /** Somebody's words within a line or a cell of a table. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        PlainText.of(text).codePoints().forEach(c -> {
            switch (c) {
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '&' -> escaped.append("&amp;");
                case '|' -> escaped.append("&#124;");
                default -> {
                    if ("\\`*_{}[]()#+-.!~".indexOf(c) >= 0) {
                        escaped.append('\\');
                    }
                    escaped.appendCodePoint(c);
                }
            }
        });
        return escaped.toString();
    }
}

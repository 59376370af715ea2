package io.flm.launch.html;

import io.flm.worker.evaluate.TextReading;
import io.flm.worker.evaluate.TextReading.Mark;
import io.flm.worker.model.TextMasks;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.model.TextMasks.Seen;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the parts of a model may see of a text for one of its tokens, and what is hidden. Which token is chosen by mouse or by keyboard:
 * radio buttons, and a style that shows what belongs to the checked one. There is no script, so it works under the pages' content
 * security policy, and without any request.
 */
final class TokenView {
    private static final Map<Mark, String> MEANINGS = new EnumMap<>(Map.of(
            Mark.SEEN, "seen",
            Mark.L2R, "seen, left to right",
            Mark.R2L, "seen, right to left",
            Mark.BOTH, "seen in both",
            Mark.HIDDEN, "hidden from whoever predicts",
            Mark.NEVER, "never seen"));

    private TokenView() {}

    /** What the marks of these readings mean. */
    static String legend(Stream<TextReading> readings) {
        Set<Mark> marks = EnumSet.noneOf(Mark.class);
        readings.forEach(reading -> reading.told().forEach(reader -> {
            int n = reading.tokens().size();
            for (int at = 0; at < n * n; at++) {
                marks.add(reading.mark(reader, at / n, at % n));
            }
        }));
        StringBuilder legend = new StringBuilder("<p class=\"legend view\">");
        marks.forEach(mark -> legend.append("<span><b class=\"")
                .append(style(mark))
                .append("\">token</b> ")
                .append(MEANINGS.get(mark))
                .append("</span>"));
        return legend.append("</p>").toString();
    }

    /**
     * Tokens to choose from, and what is seen for the chosen one.
     *
     * @param id of this view on its page
     * @param readings of the same text, at least one
     */
    static String choice(String id, List<TextReading> readings) {
        TextReading first = readings.get(0);
        int n = first.tokens().size();
        StringBuilder view = new StringBuilder("<div class=\"tokens\" role=\"radiogroup\" aria-label=\"token\">");
        for (int token = 0; token < n; token++) {
            String button = id + "-" + token;
            view.append(Html.number("<input type=\"radio\" name=\"%s\" id=\"%s\"", id, button))
                    .append(token == n / 2 ? " checked>" : ">")
                    .append(Html.number("<label for=\"%s\">", button))
                    .append(Html.escape(first.tokens().get(token)))
                    .append("</label><div>");
            for (TextReading reading : readings) {
                view.append("<small>").append(Html.escape(reading.how())).append("</small>");
                for (Reader reader : reading.told()) {
                    line(view, reading, reader, token);
                }
            }
            view.append("</div>");
        }
        return view.append("</div>").toString();
    }

    private static void line(StringBuilder view, TextReading reading, Reader reader, int token) {
        int n = reading.tokens().size();
        List<Mark> states = new ArrayList<>();
        for (int column = 0; column < n; column++) {
            states.add(reading.mark(reader, token, column));
        }
        long seen = states.stream()
                .filter(state -> state != Mark.NEVER && state != Mark.HIDDEN)
                .count();
        view.append("<div class=\"view\"><em>")
                .append(Html.escape(reader.name()))
                .append(Html.number(" <i>sees %d of %d</i></em><span>", seen, n));
        int to;
        for (int from = 0; from < n; from = to) { // runs of tokens that are seen alike
            to = from + 1;
            while (to < n && from != token && to != token && states.get(to) == states.get(from)) {
                to++;
            }
            view.append("<b class=\"")
                    .append(style(states.get(from)))
                    .append(from == token ? " own" : "")
                    .append("\">")
                    .append(Html.escape(String.join(" ", reading.tokens().subList(from, to))))
                    .append("</b> ");
        }
        view.append("</span></div>");
    }

    /** The class of its style. */
    private static String style(Mark mark) {
        return mark == Mark.NEVER ? "" : String.valueOf(mark.letter());
    }

    // ---- all tokens at once

    /** A line for each token but the first: what the reconstructor sees of both streams, and what is hidden from it. */
    static String table(TextReading reading) {
        int n = reading.tokens().size();
        StringBuilder table = new StringBuilder("<table class=\"spans\"><thead><tr><th></th>");
        for (int half = 0; half < 2; half++) {
            reading.tokens()
                    .forEach(token ->
                            table.append("<th>").append(Html.escape(token)).append("</th>"));
            table.append(half == 0 ? "<th class=\"half\"></th>" : "");
        }
        table.append("</tr></thead><tbody>");
        for (int token = 1; token < n; token++) {
            table.append("<tr><th>")
                    .append(Html.escape(reading.tokens().get(token)))
                    .append("</th>");
            row(reading, token)
                    .forEach(cell -> table.append("<td class=\"").append(cell).append("\"></td>"));
            table.append("</tr>");
        }
        return table.append("</tbody></table>").toString();
    }

    /** The classes of a line's cells: n columns of the l2r half, a gap, n of the r2l half; FLM §3.2. */
    static List<String> row(TextReading reading, int token) {
        List<String> cells = new ArrayList<>();
        for (Reader reader : reading.readers()) {
            if (reader.name().equals(TextMasks.RECONSTRUCTOR)) {
                for (Seen half : reader.seen()) {
                    if (!cells.isEmpty()) {
                        cells.add("gap");
                    }
                    for (int column = 0; column < half.columns().length; column++) {
                        boolean causal = reading.streamSees(half.stream(), token, column);
                        String state = half.columns()[token][column] ? " seen" : causal ? " hidden" : "";
                        cells.add((half.stream().equals(TextMasks.L2R) ? "l" : "r") + state);
                    }
                }
            }
        }
        return cells;
    }
}

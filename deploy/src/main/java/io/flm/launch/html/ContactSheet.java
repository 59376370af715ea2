package io.flm.launch.html;

import io.flm.worker.evaluate.TextReading;
import java.util.List;
import java.util.SortedMap;

/**
 * What training does to samples: pictures as augmentation draws them, texts with what the spans of free language modeling
 * hide at a rate, and how long the texts are.
 */
public final class ContactSheet {
    /**
     * One sample.
     *
     * @param key {@code shard:key}
     * @param name its first caption
     * @param pictures RGB values, [3, S, S] each: the picture itself first, then as augmentation draws it
     * @param reading its text as free language modeling reads it
     */
    public record Sheet(String key, String name, List<byte[]> pictures, TextReading reading) {
        public Sheet {
            pictures = List.copyOf(pictures);
        }
    }

    private ContactSheet() {}

    /**
     * The page.
     *
     * @param facts such as counts and the rate of the spans, in whole sentences
     * @param lengths number of texts by length in tokens
     */
    public static String of(String title, List<String> facts, SortedMap<Integer, Long> lengths, List<Sheet> sheets) {
        StringBuilder body = new StringBuilder();
        body.append("<header><p class=\"kind\">Training data</p><h1>")
                .append(Html.escape(title))
                .append("</h1>");
        facts.forEach(fact ->
                body.append("<p class=\"lead\">").append(Html.escape(fact)).append("</p>"));
        body.append("</header>\n");
        if (!lengths.isEmpty()) {
            body.append("<section><h2>Lengths of texts</h2><div class=\"charts\">")
                    .append(histogram(lengths))
                    .append("</div></section>\n");
        }
        body.append(
                        "<section><h2>Samples as training sees them</h2><p class=\"lead\">First the picture, then as augmentation "
                                + "draws it. Below, choose a token to see what is hidden from whoever predicts it. Then a line for each token "
                                + "that is predicted: what it may see of the left-to-right and of the right-to-left stream, and what "
                                + "its span hides.</p>")
                .append(TokenView.legend(sheets.stream().map(Sheet::reading)))
                .append("<p class=\"legend\">")
                .append(legend("--fill", "seen, left to right"))
                .append(legend("--r2l", "seen, right to left"))
                .append(legend("--l2r", "hidden by the span"))
                .append(legend("--line", "never seen"))
                .append("</p>");
        for (int i = 0; i < sheets.size(); i++) {
            sheet(body, "sheet-" + i, sheets.get(i));
        }
        return Html.page(title, body.append("</section>\n").toString());
    }

    private static String legend(String colour, String text) {
        return "<span><i style=\"background:var(" + colour + ")\"></i>" + text + "</span>";
    }

    private static void sheet(StringBuilder body, String id, Sheet sheet) {
        body.append("<div class=\"sheet\"><h3>")
                .append(Html.escape(sheet.name()))
                .append("<small>")
                .append(Html.escape(sheet.key()))
                .append("</small></h3><div class=\"draws\">");
        sheet.pictures().forEach(p -> body.append(Html.picture(p, sheet.name())));
        body.append("</div>")
                .append(TokenView.choice(id, List.of(sheet.reading())))
                .append("<div class=\"scroll\">")
                .append(TokenView.table(sheet.reading()))
                .append("</div></div>");
    }

    private static String histogram(SortedMap<Integer, Long> lengths) {
        int first = lengths.firstKey();
        int last = lengths.lastKey();
        long most = lengths.values().stream().mapToLong(n -> n).max().orElse(1);
        double step = 360.0 / (last - first + 1);
        StringBuilder svg = new StringBuilder("<figure><svg viewBox=\"0 0 400 200\" role=\"img\">");
        svg.append("<title>texts by length in tokens</title>")
                .append("<text class=\"chart-title\" x=\"0\" y=\"14\">Texts by length in tokens</text>");
        lengths.forEach((length, count) -> {
            double height = 130.0 * count / most;
            svg.append(Html.number(
                    "<rect class=\"column\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%d tokens: %,d</title></rect>",
                    20 + (length - first) * step, 172 - height, Math.max(1, step - 2), height, length, count));
        });
        svg.append(Html.number("<text x=\"20\" y=\"190\">%d</text>", first))
                .append(Html.number("<text x=\"380\" y=\"190\" text-anchor=\"end\">%d</text>", last))
                .append(Html.number("<text x=\"380\" y=\"30\" text-anchor=\"end\">highest: %,d</text>", most));
        return svg.append("</svg></figure>").toString();
    }
}

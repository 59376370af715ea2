package io.flm.launch.html;

import io.flm.data.pack.PackResult;
import io.flm.data.pack.Statistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** What packing made of data: counts, how large pictures and how long captions are, and some samples of either fate. */
public final class PackPage {
    private static final int WIDTH = 400;
    private static final int HEIGHT = 200;

    /**
     * A sample.
     *
     * @param name {@code shard:key}
     * @param text its first caption, or why it is left out
     * @param picture RGB values, [3, S, S]; empty: none can be shown
     */
    public record Shown(String name, String text, byte[] picture) {}

    private PackPage() {}

    /**
     * The page.
     *
     * @param title the folder
     * @param settings by name
     * @param written some samples of the shards
     * @param leftOut some of those that are in none, by reason
     */
    public static String of(
            String title,
            PackResult result,
            Map<String, String> settings,
            List<Shown> written,
            Map<String, List<Shown>> leftOut) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Samples", Html.number("%,d of %,d", result.samples(), result.source()));
        facts.put("Captions", Html.number("%,d", result.captions()));
        facts.put("Shards", Html.number("%,d", result.shards()));
        facts.put("Bytes", Html.number("%,d", result.bytes()));
        StringBuilder body = new StringBuilder(Html.header("Packed data", title, facts));
        counts(body, result);
        body.append(
                "<section><h2>Pictures and captions</h2><p class=\"lead\">Wide columns are all samples that can be used, narrow ones"
                        + " those in the shards. Each column begins at the number below it; the last one has no end.</p>"
                        + "<div class=\"charts\">");
        Statistics usable = result.usable();
        Statistics packed = result.written();
        histogram(
                body,
                "Pictures by their shorter side as read, pixels",
                Statistics.sideBins(),
                usable.sides(),
                packed.sides(),
                String::valueOf);
        histogram(
                body,
                "Pictures by longer side / shorter side",
                Statistics.aspectBins(),
                usable.aspects(),
                packed.aspects(),
                PackPage::ratio);
        histogram(body, "Captions by words", Statistics.wordBins(), usable.words(), packed.words(), String::valueOf);
        histogram(
                body,
                "Files of pictures by size, as read and as written",
                Statistics.byteBins(),
                usable.bytes(),
                packed.bytes(),
                PackPage::size);
        body.append("</div></section>\n");
        gallery(body, "Samples in the shards", "Evenly from all of them.", written);
        leftOut.forEach((reason, shown) -> gallery(body, "Left out: " + reason, "The first of them.", shown));
        body.append("<section><h2>Settings</h2><table class=\"plain\"><tbody>");
        settings.forEach((name, value) -> row(body, name, shown(name, value)));
        return Html.page(title, body.append("</tbody></table></section>\n").toString());
    }

    private static void counts(StringBuilder body, PackResult result) {
        body.append("<section><h2>What became of the samples</h2><table class=\"plain\"><tbody>");
        row(body, "in the shards", Html.number("%,d", result.samples()));
        result.leftOut().forEach((reason, count) -> row(body, "left out: " + reason, Html.number("%,d", count)));
        result.others()
                .counts()
                .forEach((kind, count) -> row(body, "files in no sample: " + kind, Html.number("%,d", count)));
        body.append("</tbody></table></section>\n");
    }

    /** A distance alone would read as if duplicates were kept. */
    private static String shown(String name, String value) {
        return name.equals("--deduplicate") && !value.equals("off") ? "on, distance " + value : value;
    }

    private static void row(StringBuilder body, String name, String value) {
        body.append("<tr><th>")
                .append(Html.escape(name))
                .append("</th><td class=\"value\">")
                .append(Html.escape(value))
                .append("</td></tr>");
    }

    private static String ratio(int hundredths) {
        return Html.number(hundredths % 100 == 0 ? "%.0f" : hundredths % 10 == 0 ? "%.1f" : "%.2f", hundredths / 100.0);
    }

    private static String size(int bytes) {
        return bytes >= 1 << 20 ? (bytes >> 20) + "M" : bytes >= 1 << 10 ? (bytes >> 10) + "K" : String.valueOf(bytes);
    }

    private static void histogram(
            StringBuilder body, String title, int[] begins, long[] all, long[] some, IntFunction<String> label) {
        int first = 0;
        int last = begins.length - 1;
        while (first < last && all[first] == 0 && some[first] == 0) {
            first++;
        }
        while (last > first && all[last] == 0 && some[last] == 0) {
            last--;
        }
        long most = 1;
        for (int i = first; i <= last; i++) {
            most = Math.max(most, Math.max(all[i], some[i]));
        }
        double step = 380.0 / (last - first + 1);
        body.append(Html.number("<figure><svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH, HEIGHT))
                .append(Html.escape(title))
                .append("</title><text class=\"chart-title\" x=\"0\" y=\"14\">")
                .append(Html.escape(title))
                .append("</text>");
        for (int i = first; i <= last; i++) {
            double x = 10 + (i - first) * step;
            String bin = label.apply(begins[i]);
            body.append(Html.number(
                    "<g><title>from %s: %,d can be used, %,d are in the shards</title>", bin, all[i], some[i]));
            column(body, x + 1, step - 2, all[i], most, " style=\"fill:var(--faint)\"");
            column(body, x + step / 4, step / 2, some[i], most, "");
            body.append(Html.number("<text x=\"%.1f\" y=\"190\">%s</text></g>", x + 1, bin));
        }
        body.append(Html.number("<text x=\"390\" y=\"30\" text-anchor=\"end\">highest: %,d</text>", most))
                .append("</svg></figure>");
    }

    private static void column(StringBuilder body, double x, double width, long count, long most, String style) {
        double height = 130.0 * count / most;
        body.append(Html.number(
                "<rect class=\"column\"%s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                style, x, 172 - height, Math.max(1, width), height));
    }

    private static void gallery(StringBuilder body, String title, String lead, List<Shown> samples) {
        if (samples.isEmpty()) {
            return;
        }
        body.append("<section><h2>")
                .append(Html.escape(title))
                .append("</h2><p class=\"lead\">")
                .append(Html.escape(lead))
                .append("</p><div class=\"gallery\">");
        for (Shown sample : samples) {
            body.append("<article><div class=\"said\">");
            if (sample.picture().length > 0) {
                body.append(Html.picture(sample.picture(), sample.name()));
            }
            body.append("<div><p class=\"truth\">")
                    .append(Html.escape(sample.text()))
                    .append("</p><small>")
                    .append(Html.escape(sample.name()))
                    .append("</small></div></div></article>");
        }
        body.append("</div></section>\n");
    }
}

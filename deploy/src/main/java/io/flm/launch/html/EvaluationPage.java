package io.flm.launch.html;

import io.flm.worker.evaluate.Figure;
import io.flm.worker.evaluate.Figure.Absent;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Metric;
import io.flm.worker.evaluate.Metric.Direction;
import io.flm.worker.evaluate.Report;
import io.flm.worker.evaluate.Report.Ranked;
import io.flm.worker.evaluate.Report.Search;
import io.flm.worker.evaluate.Report.Shown;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a model says of pictures that it never saw: figures beside chance, the run's curves, a gallery, searches. */
public final class EvaluationPage {
    private EvaluationPage() {}

    /**
     * The page.
     *
     * @param title such as {@code emoji-3, step 8,000}
     * @param facts short lines about model, data and run, by what they are about
     * @param metrics the run's {@code metrics.jsonl}, whose curves are shown; null or missing: none
     */
    public static String of(String title, Map<String, String> facts, Report report, @Nullable Path metrics) {
        StringBuilder body = new StringBuilder();
        body.append(Html.header("Free Language Modeling", title, facts));
        figures(body, report);
        if (metrics != null && Files.isRegularFile(metrics)) {
            body.append(Curves.of(metrics));
        }
        gallery(body, report);
        searches(body, report);
        return Html.page(title, body.toString());
    }

    private static void figures(StringBuilder body, Report report) {
        body.append("<section><h2>On pictures it never saw</h2><p class=\"lead\">")
                .append(Html.number(
                        "%,d samples. Retrieval: %d pools of %d different names, by the likelihood of a name given the picture. "
                                + "Captions: %,d pictures, greedy. The mark on a bar is what chance gives, or the same model "
                                + "with the picture of another sample.",
                        report.samples(), report.pools(), report.poolSize(), report.captions()))
                .append("</p><table class=\"figures\"><thead><tr><th>measure</th><th></th><th>model</th>")
                .append("<th>without the picture</th></tr></thead><tbody>");
        report.figures().forEach(figure -> figure(body, figure));
        body.append("</tbody></table></section>\n");
    }

    private static void figure(StringBuilder body, Figure figure) {
        Metric metric = figure.metric();
        body.append("<tr><th scope=\"row\">")
                .append(Html.escape(metric.title()))
                .append("<small>")
                .append(Html.escape(metric.meaning()))
                .append(metric.better() == Direction.LOWER ? "; lower is better" : "")
                .append("</small></th>");
        if (figure instanceof Absent absent) {
            body.append("<td colspan=\"3\" class=\"absent\">")
                    .append(Html.escape(absent.why()))
                    .append("</td></tr>");
        } else if (figure instanceof Measured measured) {
            body.append(cells(measured));
        }
    }

    private static String cells(Measured measured) {
        double value = measured.value();
        double prior = measured.prior();
        return switch (measured.metric().unit()) {
            case NATS ->
                Html.number("<td></td><td class=\"value\">%.3f</td><td class=\"prior\">%.3f</td></tr>", value, prior);
            case SHARE ->
                Html.number(
                        "<td><div class=\"bar\"><i style=\"width:%.1f%%\"></i><b style=\"left:%.1f%%\"></b></div></td>"
                                + "<td class=\"value\">%s</td><td class=\"prior\">%s</td></tr>",
                        100 * value, 100 * prior, Html.percent(value), Html.percent(prior));
        };
    }

    private static void gallery(StringBuilder body, Report report) {
        if (report.gallery().isEmpty()) {
            return;
        }
        body.append(
                        "<section><h2>What it says</h2><p class=\"lead\">The first pictures of a pool, not chosen. In large: the "
                                + "caption that the model writes. Below: its first names among the ")
                .append(report.poolSize())
                .append(" of the pool.</p><div class=\"gallery\">");
        report.gallery().forEach(shown -> card(body, shown));
        body.append("</div></section>\n");
    }

    private static void card(StringBuilder body, Shown shown) {
        Example example = shown.example();
        body.append("<article><div class=\"said\">")
                .append(Html.picture(example.pixels(), example.name()))
                .append("<div>");
        if (shown.caption() != null) {
            body.append("<p class=\"caption\">")
                    .append(Html.escape(shown.caption()))
                    .append("</p>");
        }
        body.append("<p class=\"truth\">is: ")
                .append(Html.escape(example.name()))
                .append("</p></div></div><ol>");
        for (Ranked name : shown.best()) {
            body.append(Html.number(
                    "<li%s><i style=\"width:%.1f%%\"></i><span>%s</span><em>%s</em></li>",
                    name.right() ? " class=\"right\"" : "",
                    100 * name.share(),
                    Html.escape(name.name()),
                    Html.number("%.0f %%", 100 * name.share())));
        }
        body.append("</ol></article>");
    }

    private static void searches(StringBuilder body, Report report) {
        if (report.searches().isEmpty()) {
            return;
        }
        body.append("<section><h2>What it finds</h2><p class=\"lead\">For a name the first pictures among the ")
                .append(report.poolSize())
                .append(" of the pool; the right one is framed.</p><div class=\"searches\">");
        report.searches().forEach(search -> search(body, search));
        body.append("</div></section>\n");
    }

    private static void search(StringBuilder body, Search search) {
        String pictures = search.best().stream()
                .map(e -> "<span" + (e.key().equals(search.example().key()) ? " class=\"right\"" : "") + ">"
                        + Html.picture(e.pixels(), e.name()) + "</span>")
                .collect(Collectors.joining());
        body.append("<div class=\"search\"><p>")
                .append(Html.escape(search.example().name()))
                .append("<small>the right one: no. ")
                .append(search.rank())
                .append("</small></p><div class=\"found\">")
                .append(pictures)
                .append("</div></div>");
    }
}

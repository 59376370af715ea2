package io.flm.launch.html;

import io.flm.worker.evaluate.TextReading;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskFigure.Unit;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Shown;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a fine-tuned model scored on its task: figures with their errors beside what the text alone and the commonest answer reach,
 * the run's curves, and examples with question, answer and confidence.
 */
public final class TaskPage {
    /** Half the width of an interval, in standard errors: about 95 % of them hold the figure of endless examples. */
    private static final double ERRORS = 1.96;

    private static final String NONE = "–";

    private TaskPage() {}

    /**
     * The page.
     *
     * @param title such as {@code vqa-1, step 1,000}
     * @param facts short lines about model, data and run, by what they are about
     * @param readings how the texts of the examples that the report shows are read
     * @param metrics the run's {@code metrics.jsonl}, whose curves are shown; null or missing: none
     */
    public static String of(
            String title,
            Map<String, String> facts,
            TaskReport report,
            List<List<TextReading>> readings,
            @Nullable Path metrics) {
        StringBuilder body = new StringBuilder();
        body.append(Html.header("Fine-tuned on " + report.task(), title, facts));
        figures(body, report);
        if (metrics != null && Files.isRegularFile(metrics)) {
            body.append(Curves.of(metrics));
        }
        gallery(body, report, readings);
        return Html.page(title, body.toString());
    }

    private static void figures(StringBuilder body, TaskReport report) {
        body.append("<section><h2>Scores</h2><p class=\"lead\">")
                .append(Html.number("%,d examples.", report.examples()));
        report.notes().forEach(note -> body.append(' ').append(Html.escape(sentence(note))));
        body.append("</p>");
        if (!report.figures().isEmpty()) {
            body.append("<p class=\"legend task\"><span><i class=\"interval\"></i>95 % interval</span>")
                    .append("<span><i class=\"text\"></i>text alone: the same model, beside other pictures</span>")
                    .append("<span><i class=\"constant\"></i>commonest answer, or chance</span></p>")
                    .append("<table class=\"figures task\"><thead><tr><th>score</th><th></th><th>model</th>")
                    .append("<th>text alone</th><th>commonest answer</th></tr></thead><tbody>");
            report.figures().forEach(figure -> figure(body, figure));
            body.append("</tbody></table>");
        }
        body.append("</section>\n");
    }

    private static String sentence(String note) {
        return note.isEmpty() ? "" : note.substring(0, 1).toUpperCase(Locale.ROOT) + note.substring(1) + ".";
    }

    private static void figure(StringBuilder body, TaskFigure figure) {
        body.append("<tr><th scope=\"row\">")
                .append(Html.escape(figure.title()))
                .append("<small>")
                .append(Html.number("of %,d", figure.count()))
                .append("</small></th><td>");
        if (figure.unit() == Unit.SHARE && !Double.isNaN(figure.value())) {
            bar(body, figure);
        }
        body.append("</td><td class=\"value\">").append(value(figure.unit(), figure.value()));
        if (!Double.isNaN(figure.standardError())) {
            body.append("<small>± ")
                    .append(value(figure.unit(), figure.standardError()))
                    .append("</small>");
        }
        body.append("</td><td class=\"prior\" data-of=\"text alone\">")
                .append(value(figure.unit(), figure.textOnly()))
                .append("</td><td class=\"prior\" data-of=\"commonest\">")
                .append(value(figure.unit(), figure.majority()))
                .append("</td></tr>");
    }

    private static void bar(StringBuilder body, TaskFigure figure) {
        body.append(Html.number("<div class=\"bar\"><i style=\"width:%.1f%%\"></i>", 100 * share(figure.value())));
        if (!Double.isNaN(figure.standardError())) {
            double from = share(figure.value() - ERRORS * figure.standardError());
            double to = share(figure.value() + ERRORS * figure.standardError());
            body.append(Html.number("<em style=\"left:%.1f%%;width:%.1f%%\"></em>", 100 * from, 100 * (to - from)));
        }
        mark(body, "text", figure.textOnly());
        mark(body, "constant", figure.majority());
        body.append("</div>");
    }

    private static void mark(StringBuilder body, String name, double at) {
        if (!Double.isNaN(at)) {
            body.append(Html.number("<b class=\"%s\" style=\"left:%.1f%%\"></b>", name, 100 * share(at)));
        }
    }

    private static double share(double value) {
        return Math.max(0, Math.min(1, value));
    }

    private static String value(Unit unit, double value) {
        if (Double.isNaN(value)) {
            return NONE;
        }
        return switch (unit) {
            case SHARE -> Html.percent(value);
            case NUMBER -> Html.number("%.3f", value);
            case SECONDS -> Html.number("%.1f s", value);
        };
    }

    private static void gallery(StringBuilder body, TaskReport report, List<List<TextReading>> readings) {
        if (report.shown().isEmpty()) {
            return;
        }
        body.append("<section><h2>What it says</h2><p class=\"lead\">")
                .append(Html.number(
                        "%d examples, evenly spread over all and not chosen. The share is what the model gives its answer, by softmax over all."
                                + " Open a text and choose one of its tokens to see what is hidden from whoever reads it.",
                        report.shown().size()))
                .append("</p>")
                .append(TokenView.legend(readings.stream().flatMap(List::stream)))
                .append("<div class=\"gallery task\">");
        for (int i = 0; i < report.shown().size(); i++) {
            card(body, "text-" + i, report.shown().get(i), readings.get(i));
        }
        body.append("</div></section>\n");
    }

    private static void card(StringBuilder body, String id, Shown shown, List<TextReading> readings) {
        boolean known = !shown.expected().isEmpty();
        body.append("<article class=\"")
                .append(!known ? "open" : shown.right() ? "right" : "wrong")
                .append("\"><div class=\"pictures\">");
        shown.pictures().forEach(picture -> body.append(Html.picture(picture, shown.key())));
        body.append("</div>");
        if (!shown.question().isEmpty()) {
            body.append("<p class=\"question\">")
                    .append(Html.escape(shown.question()))
                    .append("</p>");
        }
        body.append("<p class=\"answer\"><span>")
                .append(Html.escape(shown.given()))
                .append("</span>");
        if (!Double.isNaN(shown.confidence())) {
            body.append(Html.number("<em>%.0f %%</em>", 100 * shown.confidence()));
        }
        body.append("</p>");
        if (!Double.isNaN(shown.confidence())) {
            body.append(Html.number(
                    "<div class=\"share\"><i style=\"width:%.1f%%\"></i></div>", 100 * share(shown.confidence())));
        }
        body.append("<p class=\"verdict\">");
        if (!known) {
            body.append("? nothing is expected");
        } else if (shown.right()) {
            body.append("✓ right");
        } else {
            body.append("✗ expected: ").append(Html.escape(shown.expected()));
        }
        body.append("</p><details><summary>what its tokens see</summary>")
                .append(TokenView.choice(id, readings))
                .append("</details></article>");
    }
}

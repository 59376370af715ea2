package io.flm.launch.html;

import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskReport;
import io.flm.worker.task.TaskReport.Shown;
import java.util.Locale;
import java.util.Map;

/** The page of a task: figures beside what the text alone and the commonest answer give, and examples with pictures. */
public final class TaskPage {
    private TaskPage() {}

    /** @param facts of the model, by name */
    public static String of(Map<String, String> facts, TaskReport report) {
        StringBuilder body = new StringBuilder();
        body.append("<table class=\"facts\"><tbody>");
        facts.forEach((name, value) -> body.append("<tr><th>")
                .append(Html.escape(name))
                .append("</th><td>")
                .append(Html.escape(value))
                .append("</td></tr>"));
        body.append("</tbody></table>");
        figures(body, report);
        report.notes()
                .forEach(note -> body.append("<p>").append(Html.escape(note)).append("</p>"));
        body.append("<div class=\"gallery\">");
        report.shown().forEach(shown -> shown(body, shown));
        body.append("</div>");
        return Html.page(report.task() + ", " + report.examples() + " examples", body.toString());
    }

    private static void figures(StringBuilder body, TaskReport report) {
        body.append("<table><thead><tr><th>figure</th><th>value</th><th>standard error</th><th>text alone</th>"
                + "<th>commonest answer</th></tr></thead><tbody>");
        for (TaskFigure figure : report.figures()) {
            body.append("<tr><th>").append(Html.escape(figure.title())).append("</th>");
            for (double value :
                    new double[] {figure.value(), figure.standardError(), figure.textOnly(), figure.majority()}) {
                body.append("<td>").append(value(figure, value)).append("</td>");
            }
            body.append("</tr>");
        }
        body.append("</tbody></table>");
    }

    private static String value(TaskFigure figure, double value) {
        if (Double.isNaN(value)) {
            return "–";
        }
        return switch (figure.unit()) {
            case SHARE -> String.format(Locale.ROOT, "%.1f %%", 100 * value);
            case NUMBER -> String.format(Locale.ROOT, "%.3f", value);
            case SECONDS -> String.format(Locale.ROOT, "%.1f s", value);
        };
    }

    private static void shown(StringBuilder body, Shown shown) {
        body.append("<figure>");
        shown.pictures().forEach(p -> body.append(Html.picture(p, shown.key())));
        body.append("<figcaption>")
                .append(Html.escape(shown.question()))
                .append("<br>")
                .append(shown.right() ? "✓ " : "✗ ")
                .append(Html.escape(shown.given()));
        if (!Double.isNaN(shown.confidence())) {
            body.append(String.format(Locale.ROOT, " (%.0f %%)", 100 * shown.confidence()));
        }
        if (!shown.right()) {
            body.append("<br>expected: ").append(Html.escape(shown.expected()));
        }
        body.append("</figcaption></figure>");
    }
}

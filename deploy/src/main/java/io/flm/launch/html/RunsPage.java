package io.flm.launch.html;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.launch.html.BandChart.Line;
import io.flm.launch.html.BandChart.Point;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Runs beside each other: settings that differ, figures, curves laid over each other. */
public final class RunsPage {
    private RunsPage() {}

    /** The page, from the JSON of {@code flm compare RUN... --json}. */
    public static String of(JsonNode comparison) {
        List<String> names = new ArrayList<>();
        comparison.path("runs").forEach(run -> names.add(run.path("name").asText()));
        String title = String.join(", ", names);
        StringBuilder body = new StringBuilder();
        body.append("<header><p class=\"kind\">Runs compared</p><h1>")
                .append(Html.escape(title))
                .append("</h1></header>\n");
        table(body, "Settings that differ", names, comparison.path("settings"));
        table(body, "Figures", names, comparison.path("figures"));
        curves(body, comparison.path("runs"));
        return Html.page(title, body.toString());
    }

    private static void table(StringBuilder body, String heading, List<String> names, JsonNode rows) {
        body.append("<section><h2>").append(heading).append("</h2>");
        if (rows.isEmpty()) {
            body.append("<p class=\"lead\">None.</p></section>\n");
            return;
        }
        body.append("<div class=\"scroll\"><table class=\"plain\"><thead><tr><th></th>");
        for (int i = 0; i < names.size(); i++) {
            body.append("<th class=\"value\"><span class=\"mark c")
                    .append(i % BandChart.COLOURS)
                    .append("\"></span>")
                    .append(Html.escape(names.get(i)))
                    .append("</th>");
        }
        body.append("</tr></thead><tbody>");
        rows.forEach(row -> {
            body.append("<tr><th scope=\"row\">")
                    .append(Html.escape(row.path("key").asText()))
                    .append("</th>");
            row.path(row.has("shown") ? "shown" : "values") // long settings in short
                    .forEach(value -> body.append("<td class=\"value\">")
                            .append(Html.escape(shown(value)))
                            .append("</td>"));
            body.append("</tr>");
        });
        body.append("</tbody></table></div></section>\n");
    }

    private static String shown(JsonNode value) {
        return value.isNull()
                ? "-"
                : value.isIntegralNumber()
                        ? Html.number("%,d", value.asLong())
                        : value.isNumber() ? Html.number("%.4f", value.asDouble()) : value.asText();
    }

    private static void curves(StringBuilder body, JsonNode runs) {
        Map<String, List<Line>> charts = new LinkedHashMap<>();
        int colour = 0;
        for (JsonNode run : runs) {
            for (Map.Entry<String, JsonNode> curve : run.path("curves").properties()) {
                List<Point> points = new ArrayList<>();
                curve.getValue().forEach(p -> {
                    double value = p.path(1).asDouble();
                    points.add(new Point(p.path(0).asDouble(), value, value, value));
                });
                if (points.size() > 1) {
                    charts.computeIfAbsent(curve.getKey(), key -> new ArrayList<>())
                            .add(new Line(run.path("name").asText(), colour, points));
                }
            }
            colour++;
        }
        if (charts.isEmpty()) {
            return;
        }
        body.append("<section><h2>Curves</h2><p class=\"lead\">Losses and accuracies of heads of one name are of"
                        + " one kind where the runs have")
                .append(" one objective; between objectives they are not to be compared.</p><div class=\"charts"
                        + " wide\">");
        charts.forEach((key, lines) -> body.append(
                new BandChart(key, "steps", key.endsWith("Accuracy"), lines, OptionalDouble.empty()).svg()));
        body.append("</div></section>\n");
    }
}

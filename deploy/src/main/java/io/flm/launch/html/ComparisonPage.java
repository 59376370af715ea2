package io.flm.launch.html;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.launch.html.BandChart.Line;
import io.flm.launch.html.BandChart.Point;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.StreamSupport;

/**
 * What a comparison of objectives found, drawn from its {@code report.json}: score over pretraining, factors, objectives and how they
 * were tuned, examples, cells, limits.
 */
public final class ComparisonPage {
    private static final int MOST_CARDS = 4;
    private static final String OF_TASK = "<div class=\"gallery task\">";

    private final JsonNode report;
    private final StringBuilder body = new StringBuilder();
    private final Map<String, Integer> colours = new HashMap<>();

    private ComparisonPage(JsonNode report) {
        this.report = report;
        report.path("objectives")
                .forEach(objective -> colours.put(objective.path("name").asText(), colours.size()));
    }

    /**
     * The page.
     *
     * @param report the report's JSON
     * @param pages evaluation pages by what they are of, from whose pictures some are shown
     */
    public static String of(String title, JsonNode report, Map<String, String> pages) {
        ComparisonPage page = new ComparisonPage(report);
        page.header(title);
        page.factors();
        page.curves();
        page.objectives();
        page.tuning();
        page.examples(pages);
        page.limits();
        page.cells();
        return Html.page(title, page.body.toString());
    }

    private static Iterable<JsonNode> each(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    private void header(String title) {
        JsonNode experiment = report.path("experiment");
        body.append("<header><p class=\"kind\">Objectives compared at equal budgets</p><h1>")
                .append(Html.escape(title))
                .append("</h1><dl class=\"facts\">");
        fact("objectives", join(experiment.path("objectives")));
        fact("budget each", experiment.path("budget").asText());
        fact("seeds", experiment.path("seeds").asText());
        List<String> tasks = new ArrayList<>();
        experiment.path("tasks").fieldNames().forEachRemaining(tasks::add);
        fact("tasks", String.join(", ", tasks));
        fact(
                "cells",
                report.path("cellsDone").asText() + " of "
                        + report.path("cellsAll").asText() + " done");
        body.append("</dl></header>\n");
    }

    private void fact(String name, String value) {
        body.append("<div><dt>")
                .append(Html.escape(name))
                .append("</dt><dd>")
                .append(Html.escape(value))
                .append("</dd></div>");
    }

    private static String join(JsonNode words) {
        List<String> all = new ArrayList<>();
        words.forEach(word -> all.add(word.asText()));
        return String.join(", ", all);
    }

    private void factors() {
        body.append("<section><h2>How much sooner</h2><p class=\"lead\">After how much pretraining the first objective"
                + " reaches the score that another one ends with: the pretraining at which that one first had it,"
                + " over the pretraining at which the first objective has it. Above 1 the first objective is"
                + " faster. In brackets the interval that holds 95 % of resampled seeds; ≥ and ≤ are bounds, where"
                + " a curve has the score from its first checkpoint on, or never.</p>");
        Map<String, String> units = new LinkedHashMap<>(); // the budget's own first
        StringBuilder rows = new StringBuilder();
        for (JsonNode measure : each(report.path("measures"))) {
            each(measure.path("speedUps"))
                    .forEach(speedUp -> units.putIfAbsent(
                            speedUp.path("unit").asText(),
                            speedUp.path("unitTitle").asText()));
        }
        for (JsonNode measure : each(report.path("measures"))) {
            Map<String, Map<String, JsonNode>> byBaseline = new LinkedHashMap<>();
            each(measure.path("speedUps"))
                    .forEach(speedUp -> byBaseline
                            .computeIfAbsent(speedUp.path("baseline").asText(), baseline -> new LinkedHashMap<>())
                            .put(speedUp.path("unit").asText(), speedUp));
            byBaseline.values().forEach(speedUps -> factorRow(rows, measure, speedUps, units));
        }
        if (rows.isEmpty()) {
            body.append("<p>No measure has curves of two objectives yet.</p></section>\n");
            return;
        }
        body.append("<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>score</th><th>that is reached</th>");
        units.values()
                .forEach(unit -> body.append("<th class=\"value\">in ")
                        .append(Html.escape(unit))
                        .append("</th>"));
        body.append("</tr></thead><tbody>").append(rows).append("</tbody></table></div></section>\n");
    }

    /** One measure of two objectives, in each unit. */
    private static void factorRow(
            StringBuilder rows, JsonNode measure, Map<String, JsonNode> speedUps, Map<String, String> units) {
        JsonNode first = speedUps.values().iterator().next();
        rows.append("<tr><th scope=\"row\">")
                .append(Html.escape(measure.path("title").asText()))
                .append("<small>")
                .append(Html.escape(measure.path("task").asText()))
                .append("</small></th><td>")
                .append(Html.escape(first.path("objective").asText() + " over "
                        + first.path("baseline").asText() + ", at "
                        + value(measure, first.path("target").asDouble())))
                .append("</td>");
        for (String unit : units.keySet()) {
            JsonNode speedUp = speedUps.get(unit);
            String interval =
                    speedUp == null ? "" : speedUp.path("intervalText").asText();
            rows.append("<td class=\"value\"><b>")
                    .append(
                            speedUp == null
                                    ? "-"
                                    : Html.escape(speedUp.path("text").asText()))
                    .append("</b>")
                    .append(interval.isEmpty() ? "" : "<small>(" + Html.escape(interval) + ")</small>")
                    .append("</td>");
        }
        rows.append("</tr>");
    }

    private static String value(JsonNode measure, double value) {
        return measure.path("percent").asBoolean() ? Html.percent(value) : String.format(Locale.ROOT, "%.3f", value);
    }

    private void curves() {
        body.append("<section><h2>Score over pretraining</h2><p class=\"lead\">Each point is a checkpoint, the"
                        + " mean over seeds; the band goes from the lowest to the highest seed. The dashed line is"
                        + " what chance, the commonest answer or the text alone gives, whichever is more.")
                .append("</p><div class=\"charts wide\">");
        for (JsonNode measure : each(report.path("measures"))) {
            List<Line> lines = new ArrayList<>();
            double[] priors = StreamSupport.stream(measure.path("curves").spliterator(), false)
                    .map(curve -> curve.path("prior"))
                    .filter(JsonNode::isNumber)
                    .mapToDouble(JsonNode::asDouble)
                    .toArray();
            for (JsonNode curve : each(measure.path("curves"))) {
                List<Point> points = new ArrayList<>();
                curve.path("points")
                        .forEach(point -> points.add(new Point(
                                point.path("amount").asDouble(),
                                point.path("mean").asDouble(),
                                point.path("low").asDouble(),
                                point.path("high").asDouble())));
                String name = curve.path("objective").asText();
                lines.add(new Line(name, colours.getOrDefault(name, 0), points));
            }
            String title =
                    measure.path("title").asText() + " (" + measure.path("task").asText() + ")";
            if (lines.isEmpty()) {
                body.append("<p class=\"absent\">").append(Html.escape(title)).append(": no curve yet</p>");
                continue;
            }
            body.append(new BandChart(
                            title,
                            report.path("unitTitle").asText(),
                            measure.path("percent").asBoolean(),
                            lines,
                            priors.length == 0
                                    ? OptionalDouble.empty()
                                    : OptionalDouble.of(
                                            Arrays.stream(priors).average().orElse(0)))
                    .svg());
        }
        body.append("</div></section>\n");
    }

    private void objectives() {
        body.append(
                        "<section><h2>Objectives</h2><p class=\"lead\">What each was pretrained with, and what a step"
                                + " took. Prediction and corruption rate are measured: how many of the texts'"
                                + " tokens are predicted, and how much of their context is hidden.</p><div class=\"scroll\"><table class=\"plain\"><thead><tr>")
                .append("<th>objective</th><th class=\"value\">learning rate</th><th class=\"value\">corruption,"
                        + " set</th>")
                .append("<th class=\"value\">prediction rate</th><th class=\"value\">corruption rate</th><th"
                        + " class=\"value\">steps</th>")
                .append("<th class=\"value\">ms a step</th><th class=\"value\">CPU ms a step</th><th"
                        + " class=\"value\">MFLOP a step</th>")
                .append("<th class=\"value\">s of training, by seed</th></tr></thead><tbody>");
        for (JsonNode objective : each(report.path("objectives"))) {
            List<String> seconds = new ArrayList<>();
            objective.path("trainingSeconds").forEach(s -> seconds.add(Html.number("%.0f", s.asDouble())));
            JsonNode cost = objective.path("stepCost");
            row(
                    objective.path("name").asText(),
                    number("%.3g", objective.path("learningRate"), 1),
                    number("%.3g", objective.path("corruptionRate"), 1),
                    number("%.3f", objective.path("measured.predictionRate"), 1),
                    number("%.3f", objective.path("measured.corruptionRate"), 1),
                    number("%,.0f", objective.path("steps"), 1),
                    number("%.1f", cost.path("seconds"), 1e3),
                    number("%.1f", cost.path("cpuSeconds"), 1e3),
                    number("%,.1f", cost.path("flop"), 1e-6),
                    String.join(", ", seconds));
        }
        body.append("</tbody></table></div></section>\n");
    }

    private void row(String name, String... values) {
        body.append("<tr><th scope=\"row\">").append(Html.escape(name)).append("</th>");
        for (String value : values) {
            body.append("<td class=\"value\">").append(Html.escape(value)).append("</td>");
        }
        body.append("</tr>");
    }

    private static String number(String format, JsonNode value, double factor) {
        return value.isNumber() ? Html.number(format, value.asDouble() * factor) : "-";
    }

    private void tuning() {
        body.append("<section><h2>Tuning</h2>");
        boolean any = false;
        for (JsonNode objective : each(report.path("objectives"))) {
            if (objective.path("trials").isEmpty()) {
                continue;
            }
            if (!any) {
                body.append("<p class=\"lead\">As many trials for each objective, each with a share of the budget"
                                + " and one seed of its own;")
                        .append(" the highest score was taken. Scores are to be compared within an objective.</p><div"
                                + " class=\"scroll\">")
                        .append("<table class=\"plain\"><thead><tr><th>objective</th><th class=\"value\">learning"
                                + " rate</th>")
                        .append("<th class=\"value\">corruption rate</th><th"
                                + " class=\"value\">score</th><th>of</th></tr></thead><tbody>");
                any = true;
            }
            trials(objective);
        }
        body.append(any ? "</tbody></table></div></section>\n" : "<p>Nothing was tuned.</p></section>\n");
    }

    private void trials(JsonNode objective) {
        double best = StreamSupport.stream(objective.path("trials").spliterator(), false)
                .filter(trial -> trial.path("score").isNumber())
                .mapToDouble(trial -> trial.path("score").asDouble())
                .max()
                .orElse(Double.NaN);
        boolean marked = false;
        String name = objective.path("name").asText();
        for (JsonNode trial : each(objective.path("trials"))) {
            JsonNode score = trial.path("score");
            boolean taken = !marked && score.isNumber() && score.asDouble() == best;
            marked |= taken;
            body.append(taken ? "<tr class=\"taken\">" : "<tr>")
                    .append("<th scope=\"row\">")
                    .append(Html.escape(name))
                    .append("</th><td class=\"value\">")
                    .append(number("%.3g", trial.path("learningRate"), 1))
                    .append("</td><td class=\"value\">")
                    .append(number("%.3g", trial.path("corruptionRate"), 1))
                    .append("</td><td class=\"value\">")
                    .append(number("%.4f", score, 1))
                    .append("</td><td>")
                    .append(Html.escape(
                            name.isEmpty() ? "" : objective.path("tunedBy").asText()))
                    .append("</td></tr>");
            name = "";
        }
    }

    private void examples(Map<String, String> pages) {
        StringBuilder cards = new StringBuilder();
        pages.forEach((of, page) -> {
            String some = cards(page);
            if (!some.isEmpty()) {
                cards.append("<h3>")
                        .append(Html.escape(of))
                        .append(page.contains(OF_TASK) ? "</h3>" + OF_TASK : "</h3><div class=\"gallery\">")
                        .append(some)
                        .append("</div>");
            }
        });
        if (!cards.isEmpty()) {
            body.append("<section><h2>Examples</h2><p class=\"lead\">The first pictures of the evaluation of the"
                            + " last checkpoint of the first seed, not chosen.</p>")
                    .append(cards)
                    .append("</section>\n");
        }
    }

    /** The first cards of the gallery of an evaluation's page: articles, or figures. */
    static String cards(String page) {
        int gallery = Math.max(0, page.indexOf("<div class=\"gallery"));
        StringBuilder cards = new StringBuilder();
        for (String tag : List.of("article", "figure")) {
            String end = "</" + tag + ">";
            int at = opening(page, tag, gallery);
            for (int card = 0; card < MOST_CARDS && at >= 0; card++) {
                int after = page.indexOf(end, at);
                if (after < 0) {
                    break;
                }
                cards.append(page, at, after + end.length());
                at = opening(page, tag, after);
            }
            if (!cards.isEmpty()) {
                break;
            }
        }
        return cards.toString().replaceAll("(?s)<details>.*?</details>", ""); // names in them are those of one page
    }

    /** Where a tag begins, with or without a class; -1: nowhere. */
    private static int opening(String page, String tag, int from) {
        int plain = page.indexOf("<" + tag + ">", from);
        int withClass = page.indexOf("<" + tag + " ", from);
        return plain < 0 || withClass < 0 ? Math.max(plain, withClass) : Math.min(plain, withClass);
    }

    private void limits() {
        body.append("<section><h2>What limits it</h2><ul>");
        report.path("limits")
                .forEach(limit ->
                        body.append("<li>").append(Html.escape(limit.asText())).append("</li>"));
        body.append("</ul></section>\n");
    }

    private void cells() {
        body.append("<section><h2>Cells</h2><details><summary>")
                .append(report.path("cellsAll").asInt())
                .append(" cells</summary><div class=\"scroll\"><table"
                        + " class=\"plain\"><thead><tr><th>cell</th><th>kind</th>")
                .append("<th class=\"value\">steps</th><th class=\"value\">s</th><th>scores</th></tr></thead><tbody>");
        for (JsonNode cell : each(report.path("cells"))) {
            List<String> scores = new ArrayList<>();
            for (Map.Entry<String, JsonNode> score : cell.path("scores").properties()) {
                scores.add(score.getKey() + " "
                        + Html.number("%.4f", score.getValue().asDouble()));
            }
            body.append("<tr><th scope=\"row\">")
                    .append(Html.escape(cell.path("key").asText()))
                    .append("</th><td>")
                    .append(Html.escape(cell.path("kind").asText()))
                    .append("</td><td class=\"value\">")
                    .append(number("%,.0f", cell.path("steps"), 1))
                    .append("</td><td class=\"value\">")
                    .append(cell.path("done").asBoolean() ? number("%.0f", cell.path("seconds"), 1) : "not done")
                    .append("</td><td>")
                    .append(Html.escape(String.join(", ", scores)))
                    .append("</td></tr>");
        }
        body.append("</tbody></table></div></details></section>\n");
    }
}

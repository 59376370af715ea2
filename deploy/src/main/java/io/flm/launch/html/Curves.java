package io.flm.launch.html;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.FileErrors;
import io.flm.data.UserException;
import io.flm.launch.run.MetricsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The curves of a run, from its {@code metrics.jsonl}: loss and accuracy of each head and source, held out too, gradient, speed. */
final class Curves {
    /** Points that a curve is drawn with: means over as many steps as it takes. */
    private static final int POINTS = 160;

    private static final String LOSS = "Loss"; // follows the name of a head
    private static final String SOURCE = "source."; // comes before the name of one
    private static final String SAMPLES = ".samples"; // follows it

    private Curves() {}

    /** The charts; nothing where fewer than two steps were taken. */
    static String of(Path metrics) {
        List<JsonNode> steps = read(metrics);
        if (steps.size() < 2) {
            return "";
        }
        List<String> heads = heads(steps.get(0));
        Map<String, List<double[]>> losses = new TreeMap<>();
        Map<String, List<double[]>> accuracies = new TreeMap<>();
        for (String head : heads) {
            losses.put(head, means(steps, head + LOSS));
            accuracies.put(head, means(steps, head + "Accuracy"));
        }
        Map<String, List<double[]>> heldOutLosses = new TreeMap<>();
        Map<String, List<double[]>> heldOutAccuracies = new TreeMap<>();
        List<JsonNode> validated = steps.stream()
                .filter(step -> heads.stream().anyMatch(head -> step.has("heldOut." + head + LOSS)))
                .toList();
        for (String head : heads) {
            if (validated.size() > 1 && validated.get(0).has("heldOut." + head + LOSS)) {
                heldOutLosses.put(head, means(validated, "heldOut." + head + LOSS));
                heldOutAccuracies.put(head, means(validated, "heldOut." + head + "Accuracy"));
            }
        }
        Map<String, List<double[]>> sourceLosses = new TreeMap<>();
        Map<String, List<double[]>> sourceAccuracies = new TreeMap<>();
        for (String source : sources(steps.get(0))) {
            List<JsonNode> shown = steps.stream()
                    .filter(step -> step.has(SOURCE + source + ".loss"))
                    .toList();
            if (shown.size() > 1) {
                sourceLosses.put(source, means(shown, SOURCE + source + ".loss"));
                sourceAccuracies.put(source, means(shown, SOURCE + source + ".accuracy"));
            }
        }
        Map<String, List<double[]>> speed = Map.of("samples", speed(steps));
        return "<section><h2>Training</h2>" + rates(steps, heads) + "<div class=\"charts\">"
                + new LineChart("Loss, nats a prediction", losses).svg()
                + new LineChart("Accuracy on the training batch", accuracies).svg()
                + (sourceLosses.isEmpty()
                        ? ""
                        : new LineChart("Loss by source, nats a prediction", sourceLosses).svg()
                                + new LineChart("Accuracy by source", sourceAccuracies).svg())
                + (heldOutLosses.isEmpty()
                        ? ""
                        : new LineChart("Held-out loss, nats a prediction", heldOutLosses).svg()
                                + new LineChart("Held-out accuracy", heldOutAccuracies).svg())
                + new LineChart("Gradient norm", Map.of("norm", means(steps, "gradientNorm"))).svg()
                + new LineChart("Samples a second", speed).svg()
                + "</div></section>\n";
    }

    /** How much each head predicted and could not see, means over the steps; those that predict no tokens have no rates. */
    private static String rates(List<JsonNode> steps, List<String> heads) {
        List<String> told = new ArrayList<>();
        for (String head : heads) {
            if (steps.get(0).has(head + "PredictionRate")) {
                told.add(Html.escape(head) + " predicts " + Html.percent(mean(steps, head + "PredictionRate"))
                        + " of the tokens, of whose context " + Html.percent(mean(steps, head + "CorruptionRate"))
                        + " is hidden");
            }
        }
        return told.isEmpty() ? "" : "<p class=\"lead\">Means of the steps: " + String.join("; ", told) + ".</p>";
    }

    private static double mean(List<JsonNode> steps, String key) {
        return steps.stream().mapToDouble(s -> s.path(key).asDouble()).average().orElse(0);
    }

    /** The heads of which a step tells the loss. */
    private static List<String> heads(JsonNode step) {
        List<String> heads = new ArrayList<>();
        step.fieldNames().forEachRemaining(key -> {
            if (key.endsWith(LOSS) && !key.startsWith("heldOut.")) {
                heads.add(key.substring(0, key.length() - LOSS.length()));
            }
        });
        return heads;
    }

    /** The sources of a mixture. */
    private static List<String> sources(JsonNode step) {
        List<String> sources = new ArrayList<>();
        step.fieldNames().forEachRemaining(key -> {
            if (key.startsWith(SOURCE) && key.endsWith(SAMPLES)) {
                sources.add(key.substring(SOURCE.length(), key.length() - SAMPLES.length()));
            }
        });
        return sources;
    }

    private static List<JsonNode> read(Path metrics) {
        try {
            return MetricsReader.steps(metrics);
        } catch (IOException e) {
            throw new UserException(metrics + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
    }

    private static int stride(List<JsonNode> steps) {
        return Math.max(1, (steps.size() + POINTS - 1) / POINTS);
    }

    /** {step, mean} of each bin. */
    private static List<double[]> means(List<JsonNode> steps, String key) {
        int stride = stride(steps);
        List<double[]> points = new ArrayList<>();
        for (int from = 0; from < steps.size(); from += stride) {
            List<JsonNode> bin = steps.subList(from, Math.min(from + stride, steps.size()));
            points.add(new double[] {bin.get(bin.size() - 1).path("step").asDouble(), mean(bin, key)});
        }
        return points;
    }

    private static List<double[]> speed(List<JsonNode> steps) {
        int stride = Math.max(stride(steps), Math.min(20, steps.size() / 4 + 1)); // single steps jump
        List<double[]> points = new ArrayList<>();
        for (int from = 0; from + stride < steps.size(); from += stride) {
            JsonNode first = steps.get(from);
            JsonNode last = steps.get(from + stride);
            double seconds =
                    last.path("seconds").asDouble() - first.path("seconds").asDouble();
            double samples = steps.subList(from + 1, from + stride + 1).stream()
                    .mapToDouble(s -> s.path("samples").asDouble())
                    .sum();
            if (seconds > 0) {
                points.add(new double[] {last.path("step").asDouble(), samples / seconds});
            }
        }
        return points;
    }
}

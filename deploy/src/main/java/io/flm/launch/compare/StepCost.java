package io.flm.launch.compare;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.StepFlops;
import io.flm.worker.objective.Head;
import io.flm.worker.objective.Head.Predicts;
import io.flm.worker.objective.Objective;
import io.flm.worker.train.TrainSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What a step takes, by the mean over some steps of a run, as its {@code metrics.jsonl} has them.
 *
 * @param seconds wall time of its parts: data, forward, backward, exchange, optimizer
 * @param cpuSeconds of the process
 * @param flop of forward and backward
 * @param samples that it trained on
 * @param tokens of their texts
 */
public record StepCost(double seconds, double cpuSeconds, double flop, double samples, double tokens) {
    /** A step that takes so many times the median was disturbed, by the collector or by another program. */
    private static final double DISTURBED = 4;

    private static final List<String> PARTS = List.of("dataMs", "forwardMs", "backwardMs", "exchangeMs", "optimizerMs");
    private static final List<String> COMPUTED = List.of("forwardMs", "backwardMs", "optimizerMs");

    double in(Budget.Unit unit) {
        return switch (unit) {
            case STEPS -> 1;
            case SECONDS -> seconds;
            case CPU_SECONDS -> cpuSeconds;
            case FLOP -> flop;
        };
    }

    /**
     * Reads the later half of the steps: in the first one the program gets up to speed.
     *
     * @param metrics a line for each step
     * @param config of the run
     */
    public static StepCost of(List<JsonNode> metrics, Config config) {
        List<JsonNode> steps = undisturbed(metrics);
        double samples = mean(steps, "samples");
        double tokens = mean(steps, "tokens");
        return new StepCost(
                steps.stream().mapToDouble(StepCost::milliseconds).average().orElse(0) / 1e3,
                mean(steps, "cpuMs") / 1e3,
                flop(config, steps, samples, tokens),
                samples,
                tokens);
    }

    private static List<JsonNode> undisturbed(List<JsonNode> metrics) {
        List<JsonNode> half = metrics.subList(metrics.size() / 2, metrics.size());
        if (half.isEmpty()) {
            throw new UserException("metrics.jsonl holds no step, so what a step takes is not known");
        }
        double[] sorted =
                half.stream().mapToDouble(StepCost::milliseconds).sorted().toArray();
        double most = DISTURBED * sorted[sorted.length / 2];
        return half.stream().filter(step -> milliseconds(step) <= most).toList();
    }

    /**
     * What a step computes, without its waiting for data and for other workers: by the mean over the same steps.
     *
     * @return seconds of forward, backward and optimizer
     */
    public static double computeSeconds(List<JsonNode> metrics) {
        return undisturbed(metrics).stream()
                        .mapToDouble(step -> milliseconds(step, COMPUTED))
                        .average()
                        .orElse(0)
                / 1e3;
    }

    private static double flop(Config config, List<JsonNode> steps, double samples, double tokens) {
        Objective objective = TrainSettings.from(config).objective();
        int firstWord = config.getBoolean("flm.data.begin-token") ? 2 : 1;
        double predictable = tokens / objective.rowsPerText() - firstWord * samples; // of the texts, read once
        double predictions = 0;
        for (Head head : objective.heads()) {
            if (head.predicts() == Predicts.TOKEN) {
                predictions += predictable
                        * measured(steps, head.name() + "PredictionRate").orElse(objective.predictionRate());
            }
        }
        double rows = samples * objective.rowsPerText(); // tokens are those of all of them
        return StepFlops.of(
                ModelSettings.from(config),
                new StepFlops.Work(
                        objective.parts().reconstructor(),
                        samples * objective.picturesPerSample(),
                        rows,
                        tokens / Math.max(1, rows),
                        predictions,
                        objective.parts().classifiers(),
                        samples * objective.classRowsPerText()));
    }

    /** What all steps took together. */
    static double trainingSeconds(List<JsonNode> metrics) {
        return metrics.stream().mapToDouble(StepCost::milliseconds).sum() / 1e3;
    }

    /** The mean of a figure over the steps that tell it. */
    static OptionalDouble measured(List<JsonNode> metrics, String key) {
        return metrics.stream()
                .filter(step -> step.path(key).isNumber())
                .mapToDouble(step -> step.path(key).asDouble())
                .average();
    }

    private static double milliseconds(JsonNode step) {
        return milliseconds(step, PARTS);
    }

    private static double milliseconds(JsonNode step, List<String> parts) {
        return parts.stream().mapToDouble(part -> step.path(part).asDouble()).sum();
    }

    private static double mean(List<JsonNode> steps, String key) {
        return measured(steps, key).orElse(0);
    }

    /** Of several runs. */
    static StepCost mean(List<StepCost> costs) {
        return new StepCost(
                costs.stream().mapToDouble(StepCost::seconds).average().orElse(0),
                costs.stream().mapToDouble(StepCost::cpuSeconds).average().orElse(0),
                costs.stream().mapToDouble(StepCost::flop).average().orElse(0),
                costs.stream().mapToDouble(StepCost::samples).average().orElse(0),
                costs.stream().mapToDouble(StepCost::tokens).average().orElse(0));
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("seconds", seconds);
        map.put("cpuSeconds", cpuSeconds);
        map.put("flop", flop);
        map.put("samples", samples);
        map.put("tokens", tokens);
        return map;
    }

    static StepCost read(JsonNode map) {
        return new StepCost(
                map.path("seconds").asDouble(),
                map.path("cpuSeconds").asDouble(),
                map.path("flop").asDouble(),
                map.path("samples").asDouble(),
                map.path("tokens").asDouble());
    }
}

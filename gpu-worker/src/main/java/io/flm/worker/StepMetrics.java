package io.flm.worker;

import io.flm.worker.model.Loss;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The figures of a committed step: what curves are drawn of. A step's line in a run's {@code metrics.jsonl} has the same, under the
 * names of {@link #figures}.
 *
 * @param step from 0
 * @param loss the weighted mean of the global batch
 * @param heads of the objective, in its order, over the global batch
 * @param heldOut what the weights before the step said of held-out samples, by head; empty: the step did not ask
 * @param learningRate the base rate of the step
 * @param gradientNorm of the mean loss's gradient, before it is clipped
 * @param samples of the global batch
 * @param sources of a mixture, in their order; empty: it is none
 * @param times where rank 0 spent the step, validation aside
 */
public record StepMetrics(
        long step,
        double loss,
        List<HeadLoss> heads,
        List<HeadLoss> heldOut,
        double learningRate,
        double gradientNorm,
        long samples,
        List<SourceLoss> sources,
        StepResult.Times times) {
    private static final String HELD_OUT = "heldOut.";
    private static final String SOURCE = "source.";
    private static final String SAMPLES = ".samples";
    private static final String LOSS = "Loss";
    private static final String ACCURACY = "Accuracy";

    /**
     * Means over the predictions of one head.
     *
     * @param name as users know it: {@code rec}, {@code l2r}
     */
    public record HeadLoss(String name, double loss, double accuracy) {}

    public StepMetrics {
        heads = List.copyOf(heads);
        heldOut = List.copyOf(heldOut);
        sources = List.copyOf(sources);
    }

    /** @param heads the names of the objective's, in its order */
    public static StepMetrics of(StepResult result, List<String> heads) {
        return new StepMetrics(
                result.step(),
                result.loss(),
                byHead(heads, result.byHead()),
                result.heldOut() == null ? List.of() : byHead(heads, result.heldOut()),
                result.learningRate(),
                result.gradientNorm(),
                result.totals().samples(),
                result.sources(),
                result.times());
    }

    private static List<HeadLoss> byHead(List<String> names, Loss loss) {
        List<HeadLoss> heads = new ArrayList<>();
        for (int head = 0; head < names.size(); head++) {
            heads.add(new HeadLoss(names.get(head), loss.mean(head), loss.accuracy(head)));
        }
        return heads;
    }

    /**
     * Of a line of {@code metrics.jsonl}. A figure that it lacks is not a number, a time that it lacks 0.
     *
     * @param line its numbers, by their names
     */
    public static StepMetrics of(long step, Map<String, Double> line) {
        return new StepMetrics(
                step,
                line.getOrDefault("loss", Double.NaN),
                heads(line, ""),
                heads(line, HELD_OUT),
                line.getOrDefault("learningRate", Double.NaN),
                line.getOrDefault("gradientNorm", Double.NaN),
                line.getOrDefault("samples", 0.0).longValue(),
                sources(line),
                new StepResult.Times(
                        nanos(line, "dataMs"),
                        nanos(line, "forwardMs"),
                        nanos(line, "backwardMs"),
                        nanos(line, "exchangeMs"),
                        nanos(line, "optimizerMs")));
    }

    private static List<HeadLoss> heads(Map<String, Double> line, String prefix) {
        List<HeadLoss> heads = new ArrayList<>();
        for (String key : line.keySet()) {
            if (key.startsWith(prefix) && key.endsWith(LOSS) && key.startsWith(HELD_OUT) == prefix.equals(HELD_OUT)) {
                String name = key.substring(prefix.length(), key.length() - LOSS.length());
                heads.add(new HeadLoss(name, line.get(key), line.getOrDefault(prefix + name + ACCURACY, Double.NaN)));
            }
        }
        return heads;
    }

    private static List<SourceLoss> sources(Map<String, Double> line) {
        List<SourceLoss> sources = new ArrayList<>();
        for (String key : line.keySet()) {
            if (key.startsWith(SOURCE) && key.endsWith(SAMPLES)) {
                String its = key.substring(0, key.length() - SAMPLES.length());
                sources.add(new SourceLoss(
                        its.substring(SOURCE.length()),
                        line.get(key).longValue(),
                        line.getOrDefault(its + ".loss", Double.NaN),
                        line.getOrDefault(its + ".accuracy", Double.NaN)));
            }
        }
        return sources;
    }

    private static long nanos(Map<String, Double> line, String key) {
        return Math.round(line.getOrDefault(key, 0.0) * 1e6);
    }

    /** All figures by name, in the unit that it says; one that is not known is left out, or not a number. */
    public Map<String, Double> figures() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", loss);
        put(values, "", heads);
        put(values, HELD_OUT, heldOut);
        sources.forEach(source -> values.putAll(figures(source)));
        values.put("learningRate", learningRate);
        values.put("gradientNorm", gradientNorm);
        if (times.totalNs() > 0) {
            values.put("samplesPerSecond", samples * 1e9 / times.totalNs());
            values.put("dataMs", times.dataNs() / 1e6);
            values.put("forwardMs", times.forwardNs() / 1e6);
            values.put("backwardMs", times.backwardNs() / 1e6);
            values.put("exchangeMs", times.exchangeNs() / 1e6);
            values.put("optimizerMs", times.optimizerNs() / 1e6);
        }
        return values;
    }

    /** The figures of a source, by name: {@code source.coco.loss}; those that are numbers. */
    private static Map<String, Double> figures(SourceLoss source) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put(SOURCE + source.name() + SAMPLES, (double) source.samples());
        if (Double.isFinite(source.loss())) {
            values.put(SOURCE + source.name() + ".loss", source.loss());
            values.put(SOURCE + source.name() + ".accuracy", source.accuracy());
        }
        return values;
    }

    private static void put(Map<String, Double> values, String prefix, List<HeadLoss> heads) {
        for (HeadLoss head : heads) {
            values.put(prefix + head.name() + LOSS, head.loss());
            values.put(prefix + head.name() + ACCURACY, head.accuracy());
        }
    }
}

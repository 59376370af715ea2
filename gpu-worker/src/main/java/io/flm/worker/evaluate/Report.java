package io.flm.worker.evaluate;

import io.flm.worker.evaluate.Figure.Absent;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.objective.Objective;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation found.
 *
 * @param samples held-out samples that the token measures took
 * @param spanRate of the token measure
 * @param poolSize names in a pool: fewer than asked for if there are not enough
 * @param pools that were searched
 * @param captions pictures that got a caption
 * @param figures one for each metric, in the order of people and JSON
 * @param gallery pictures with what the model says of them
 * @param searches names with the pictures that the model finds for them
 */
public record Report(
        Objective objective,
        int samples,
        double spanRate,
        int poolSize,
        int pools,
        int captions,
        List<Figure> figures,
        List<Shown> gallery,
        List<Search> searches) {

    /**
     * A picture and what the model says of it.
     *
     * @param caption greedy; null where the objective gives none
     * @param best names of its pool, the likeliest first
     */
    public record Shown(Example example, @Nullable String caption, List<Ranked> best) {}

    /**
     * A name with its share of the pool's likelihood for a picture; the shares of a pool sum to 1.
     *
     * @param right whether it is the picture's own
     */
    public record Ranked(String name, double share, boolean right) {}

    /**
     * A name and the pictures of its pool, the likeliest first.
     *
     * @param rank of the right picture, from 1
     */
    public record Search(Example example, List<Example> best, int rank) {}

    public Report {
        figures = List.copyOf(figures);
        gallery = List.copyOf(gallery);
        searches = List.copyOf(searches);
    }

    /** As JSON: each metric's value under its key, null where it is missing; {@code prior} repeats the keys. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        Map<String, @Nullable Object> priors = new LinkedHashMap<>();
        Map<String, String> reasons = new LinkedHashMap<>();
        for (Figure figure : figures) {
            String key = figure.metric().key();
            values.put(key, null);
            priors.put(key, null);
            if (figure instanceof Measured measured) {
                values.put(key, measured.value());
                priors.put(key, measured.prior());
            } else if (figure instanceof Absent absent) {
                reasons.put(key, absent.why());
            }
        }
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("samples", samples);
        map.putAll(values);
        map.put("objective", objective.key());
        map.put("spanRate", spanRate);
        map.put("poolSize", poolSize);
        map.put("pools", pools);
        map.put("captionSamples", captions);
        map.put("prior", priors);
        map.put("absent", reasons);
        return map;
    }
}

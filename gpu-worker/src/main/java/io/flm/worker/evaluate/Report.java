package io.flm.worker.evaluate;

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
 * @param poolSize names in a pool: fewer than asked for where there are not so many
 * @param pools that were searched
 * @param captions pictures that got a caption
 * @param scores the figures; one that the objective cannot give is missing here
 * @param priors what each figure is by chance (retrieval), or for the same model with the picture of another sample (all
 *     others): what the text alone tells
 * @param absent why a figure is missing
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
        Map<Score, Double> scores,
        Map<Score, Double> priors,
        Map<Score, String> absent,
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
        gallery = List.copyOf(gallery);
        searches = List.copyOf(searches);
    }

    /** As JSON: each {@link Score} under its key, null where it is missing; {@code prior} repeats the keys. */
    public Map<String, @Nullable Object> toMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("samples", samples);
        map.putAll(byKey(scores));
        map.put("objective", objective.key());
        map.put("spanRate", spanRate);
        map.put("poolSize", poolSize);
        map.put("pools", pools);
        map.put("captionSamples", captions);
        map.put("prior", byKey(priors));
        Map<String, String> reasons = new LinkedHashMap<>();
        absent.forEach((score, why) -> reasons.put(score.key(), why));
        map.put("absent", reasons);
        return map;
    }

    private static Map<String, @Nullable Object> byKey(Map<Score, Double> scores) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (Score score : Score.values()) {
            map.put(score.key(), scores.get(score));
        }
        return map;
    }
}

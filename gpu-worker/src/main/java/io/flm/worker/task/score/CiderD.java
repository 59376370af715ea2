package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * CIDEr-D (Vedantam et al. 2015), as pycocoevalcap 1.2 computes it under the name CIDEr: for runs of 1 to 4 words each, the cosine
 * between candidate and reference, whose runs weigh the less the more pictures have them in their references (log of the pictures'
 * number over the number of pictures that have it). Runs count at most as often as in the reference, and a reference of another length
 * counts exp(-d^2 / (2 sigma^2)) with sigma 6, where d is the difference in numbers of pairs of words. Averaged over the lengths of
 * runs and over references, times 10.
 */
final class CiderD {
    private static final double SIGMA = 6;
    private static final double SCALE = 10;

    private final double logPictures;
    private final Map<List<String>, Integer> pictures = new HashMap<>();

    private CiderD(List<CaptionScores.Counted> captions) {
        logPictures = Math.log(captions.size());
        for (CaptionScores.Counted caption : captions) {
            Set<List<String>> runs = new HashSet<>();
            for (int n = 1; n <= NGrams.LONGEST; n++) {
                for (NGrams reference : caption.references()) {
                    runs.addAll(reference.counts(n).keySet());
                }
            }
            runs.forEach(run -> pictures.merge(run, 1, Integer::sum));
        }
    }

    static Score of(List<CaptionScores.Counted> captions) {
        CiderD cider = new CiderD(captions);
        List<Double> each = new ArrayList<>();
        for (CaptionScores.Counted caption : captions) {
            double sum = 0;
            for (NGrams reference : caption.references()) {
                sum += cider.likeness(caption.candidate(), reference);
            }
            each.add(SCALE * sum / NGrams.LONGEST / caption.references().size());
        }
        return Score.mean(each);
    }

    private double likeness(NGrams candidate, NGrams reference) {
        double sum = 0;
        for (int n = 1; n <= NGrams.LONGEST; n++) {
            Map<List<String>, Integer> of = candidate.counts(n);
            Map<List<String>, Integer> in = reference.counts(n);
            double product = 0;
            for (Map.Entry<List<String>, Integer> run : of.entrySet()) {
                double weight = weight(run.getKey());
                int there = in.getOrDefault(run.getKey(), 0);
                product += Math.min(run.getValue() * weight, there * weight) * there * weight;
            }
            double norms = norm(of) * norm(in);
            sum += norms == 0 ? product : product / norms;
        }
        double difference = candidate.total(2) - reference.total(2);
        return sum * Math.exp(-difference * difference / (2 * SIGMA * SIGMA));
    }

    private double norm(Map<List<String>, Integer> counts) {
        double squares = 0;
        for (Map.Entry<List<String>, Integer> run : counts.entrySet()) {
            double weighted = run.getValue() * weight(run.getKey());
            squares += weighted * weighted;
        }
        return Math.sqrt(squares);
    }

    private double weight(List<String> run) {
        return logPictures - Math.log(Math.max(1, pictures.getOrDefault(run, 0)));
    }
}

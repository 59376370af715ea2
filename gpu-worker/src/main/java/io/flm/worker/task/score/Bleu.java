package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.List;

/**
 * BLEU of 1 to 4 (Papineni et al. 2002), as pycocoevalcap 1.2 computes it: the geometric mean of the shares of the candidates' runs of
 * 1 to n words that a reference has too, each counted at most as often as in the reference that has it most. Candidates that are
 * shorter than their references lose exp(1 - r / c), where r is the length of the reference whose length is closest, of two the
 * shorter one. Two tiny numbers keep the shares of empty texts and the mean of zero shares defined.
 */
final class Bleu {
    private static final double TINY = 1e-15;
    private static final double SMALL = 1e-9;

    private final long[] found = new long[NGrams.LONGEST];
    private final long[] total = new long[NGrams.LONGEST];
    private long length;
    private long reference;

    private Bleu() {}

    /** BLEU-1 to BLEU-4. */
    static List<Score> of(List<CaptionScores.Counted> captions) {
        Bleu all = new Bleu();
        List<double[]> each = new ArrayList<>();
        for (CaptionScores.Counted caption : captions) {
            Bleu one = new Bleu();
            one.add(caption);
            all.add(caption);
            each.add(one.values());
        }
        double[] together = all.values();
        List<Score> scores = new ArrayList<>();
        for (int i = 0; i < NGrams.LONGEST; i++) {
            int n = i;
            scores.add(new Score(
                    together[n], each.stream().map(values -> values[n]).toList()));
        }
        return scores;
    }

    private void add(CaptionScores.Counted caption) {
        NGrams candidate = caption.candidate();
        length += candidate.words();
        reference += closest(caption.references(), candidate.words());
        for (int n = 1; n <= NGrams.LONGEST; n++) {
            int order = n;
            total[n - 1] += candidate.total(n);
            candidate.counts(n).forEach((words, count) -> {
                int most = 0;
                for (NGrams r : caption.references()) {
                    most = Math.max(most, r.counts(order).getOrDefault(words, 0));
                }
                found[order - 1] += Math.min(most, count);
            });
        }
    }

    private static int closest(List<NGrams> references, int words) {
        int closest = references.get(0).words();
        for (NGrams reference : references) {
            int length = reference.words();
            int nearer = Math.abs(closest - words) - Math.abs(length - words);
            closest = nearer > 0 || (nearer == 0 && length < closest) ? length : closest;
        }
        return closest;
    }

    private double[] values() {
        double[] values = new double[NGrams.LONGEST];
        double ratio = (length + TINY) / (reference + SMALL);
        double brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
        double shares = 1;
        for (int n = 0; n < NGrams.LONGEST; n++) {
            shares *= (found[n] + TINY) / (total[n] + SMALL);
            values[n] = Math.pow(shares, 1.0 / (n + 1)) * brevity;
        }
        return values;
    }
}

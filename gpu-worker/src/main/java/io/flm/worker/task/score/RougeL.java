package io.flm.worker.task.score;

import java.util.List;

/**
 * ROUGE-L (Lin 2004), as pycocoevalcap 1.2 computes it: from the longest common subsequence of candidate and reference come a
 * precision and a recall, the best of each over the references, and of both their F-measure with beta 1.2. A text without words
 * counts as one word, of which there is only this one.
 */
final class RougeL {
    private static final double BETA = 1.2;
    private static final List<String> NO_WORDS = List.of("");

    private RougeL() {}

    static double of(List<String> candidate, List<List<String>> references) {
        List<String> words = candidate.isEmpty() ? NO_WORDS : candidate;
        double precision = 0;
        double recall = 0;
        for (List<String> r : references) {
            List<String> reference = r.isEmpty() ? NO_WORDS : r;
            double common = common(words, reference);
            precision = Math.max(precision, common / words.size());
            recall = Math.max(recall, common / reference.size());
        }
        return precision == 0 || recall == 0
                ? 0
                : (1 + BETA * BETA) * precision * recall / (recall + BETA * BETA * precision);
    }

    /** The length of the longest common subsequence. */
    private static int common(List<String> a, List<String> b) {
        int[] above = new int[b.size() + 1];
        for (String word : a) {
            int[] row = new int[b.size() + 1];
            for (int j = 1; j <= b.size(); j++) {
                row[j] = word.equals(b.get(j - 1)) ? above[j - 1] + 1 : Math.max(above[j], row[j - 1]);
            }
            above = row;
        }
        return above[b.size()];
    }
}

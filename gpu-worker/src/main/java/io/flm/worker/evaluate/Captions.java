package io.flm.worker.evaluate;

import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.evaluate.Scorer.Seen;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleConsumer;

/** Greedy captions of the l2r stream, and how they compare with the names. */
final class Captions {
    static final Metric EXACT_MATCH =
            Metric.share("captionExactMatch", "Captions, exact match", "the greedy caption is the name");
    static final Metric F1 =
            Metric.share("captionF1", "Captions, F1", "words that the greedy caption and the name share");

    private Captions() {}

    /**
     * A caption for each picture, as text.
     *
     * @param progress is told the share that is done, in [0, 1]
     */
    static List<String> of(
            Scorer scorer, CaptionFormat format, List<Example> examples, int batch, DoubleConsumer progress) {
        List<String> captions = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += batch) {
            progress.accept((double) from / examples.size());
            List<Example> some = examples.subList(from, Math.min(from + batch, examples.size()));
            try (Seen seen = scorer.see(HeldOut.pixels(some), some.size())) {
                for (int[] row : scorer.greedy(seen, format.bounds(CaptionBounds.DEFAULT_MAX_LENGTH))) {
                    captions.add(format.read(row));
                }
            }
        }
        return captions;
    }

    /** Whether two texts have the same words in the same order; letter case and punctuation aside. */
    static boolean same(String caption, String name) {
        return words(caption).equals(words(name));
    }

    /** The harmonic mean of precision and recall of the caption's words, order aside. */
    static double f1(String caption, String name) {
        List<String> said = words(caption);
        List<String> expected = words(name);
        Map<String, Integer> left = new HashMap<>();
        expected.forEach(word -> left.merge(word, 1, Integer::sum));
        int common = 0;
        for (String word : said) {
            int times = left.getOrDefault(word, 0);
            if (times > 0) {
                left.put(word, times - 1);
                common++;
            }
        }
        int all = said.size() + expected.size();
        return all == 0 ? 1 : 2.0 * common / all;
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+", -1))
                .filter(word -> !word.isEmpty())
                .toList();
    }
}

package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** How often each run of 1 to 4 words is in a text. */
final class NGrams {
    static final int LONGEST = 4;

    private final int words;
    private final List<Map<List<String>, Integer>> counts = new ArrayList<>();

    private NGrams(List<String> words) {
        this.words = words.size();
        for (int n = 1; n <= LONGEST; n++) {
            Map<List<String>, Integer> ofLength = new HashMap<>();
            for (int i = 0; i + n <= words.size(); i++) {
                ofLength.merge(words.subList(i, i + n), 1, Integer::sum);
            }
            counts.add(Collections.unmodifiableMap(ofLength));
        }
    }

    /** A word with a space inside, as {@code 1 1/2} is, counts as several here (and as one in ROUGE-L), as pycocoevalcap does it. */
    static NGrams of(List<String> words) {
        return new NGrams(words.stream()
                .flatMap(word -> word.indexOf('\u00a0') < 0 ? Stream.of(word) : Arrays.stream(word.split("\u00a0")))
                .toList());
    }

    int words() {
        return words;
    }

    /** How many runs of {@code n} words there are. */
    int total(int n) {
        return Math.max(0, words - n + 1);
    }

    /** Of the runs of {@code n} words. */
    Map<List<String>, Integer> counts(int n) {
        return counts.get(n - 1);
    }
}

package io.flm.data;

import java.util.ArrayList;
import java.util.List;

/** The masks of masked language modeling: BERT (arXiv 1810.04805) §3.1, at any rate, for tokens or whole words. */
final class Masks {
    private static final double MASKED = 0.8; // of the chosen tokens; 10 % become any token, 10 % stay
    private static final double RANDOM = 0.1;

    private final CorruptionSettings settings;
    private final Corruption.Vocabulary vocabulary;
    private final int firstWord;

    Masks(CorruptionSettings settings, Corruption.Vocabulary vocabulary, int firstWord) {
        this.settings = settings;
        this.vocabulary = vocabulary;
        this.firstWord = firstWord;
    }

    /**
     * The columns of a row that are predicted, ascending. Special tokens are not; at least one unit is, or the row, short as
     * captions are, would be seen for nothing.
     */
    List<Integer> choose(int[] row, RandomStream random) {
        List<List<Integer>> units = units(row);
        List<Integer> chosen = new ArrayList<>();
        for (List<Integer> unit : units) {
            if (random.nextBoolean(settings.maskRate())) {
                chosen.addAll(unit);
            }
        }
        if (chosen.isEmpty() && !units.isEmpty()) {
            chosen.addAll(units.get(random.nextInt(units.size())));
        }
        return chosen;
    }

    /** What is chosen together: single tokens, or the pieces of a word. */
    private List<List<Integer>> units(int[] row) {
        List<List<Integer>> units = new ArrayList<>();
        for (int i = firstWord; i < row.length - 1; i++) {
            boolean goesOn = settings.wholeWord()
                    && !units.isEmpty()
                    && !vocabulary.words().begins(row[i - 1], row[i]);
            if (!goesOn) {
                units.add(new ArrayList<>());
            }
            units.get(units.size() - 1).add(i);
        }
        return units;
    }

    /** What is read in the place of a chosen token. */
    int replacement(int token, RandomStream random) {
        double draw = random.nextDouble();
        if (draw < MASKED) {
            return vocabulary.maskId();
        }
        return draw < MASKED + RANDOM ? random.nextInt(vocabulary.size()) : token;
    }
}
